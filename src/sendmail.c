/* SPDX-License-Identifier: ISC */
/*
 * sendmail.c - postern-sendmail: stands as sendmail(8), and as mailq(1) and newaliases(1) when
 * called so. It submits to the first listener of the config over SMTP, so that a message is as safe
 * as any other.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "control/client.h"
#include "control/render.h"
#include "sendmail/compose.h"
#include "sendmail/input.h"
#include "sendmail/options.h"
#include "sendmail/submit.h"
#include "sendmail/wire.h"

/* What the config says, or its defaults when there is none. */
struct settings {
	char *address, *domain, *hostname, *control;
	uint16_t port;
};

/* An address that one can connect to, for one that is listened on. */
static const char *
reachable(const char *address)
{
	if (strcmp(address, "0.0.0.0") == 0)
		return "127.0.0.1";
	return strcmp(address, "::") == 0 ? "::1" : address;
}

/* The first listener that asks for neither TLS nor a login, or else the first. */
static const struct config_listen *
choose_listener(const struct config *config)
{
	for (size_t i = 0; i < config->nlisten; i++)
		if (config->listen[i].tls != TLS_IMPLICIT && !config->listen[i].auth_required)
			return &config->listen[i];
	return &config->listen[0];
}

static int
load_settings(const char *file, struct settings *out)
{
	struct str errors = STR_EMPTY;
	struct config *config;

	if (file == NULL && access(CONFIG_DEFAULT_FILE, R_OK) == -1) {
		char host[256] = "localhost";

		(void)gethostname(host, sizeof host - 1);
		*out = (struct settings){ xstrdup("127.0.0.1"), xstrdup(host), xstrdup(host),
			xstrdup(POSTERN_RUNDIR "/control.sock"), 25 };
		return EX_OK;
	}
	config = config_load(file != NULL ? file : CONFIG_DEFAULT_FILE, &errors);
	if (config == NULL) {
		fprintf(stderr, "%s", str_is_bad(&errors) ? "out of memory\n" : errors.data);
		str_free(&errors);
		return EX_CONFIG;
	}

	const struct config_listen *listen = choose_listener(config);

	*out = (struct settings){ xstrdup(reachable(listen->address)), xstrdup(config->domain),
		xstrdup(config->hostname), xstrdup(config->control), listen->port };
	config_free(&config);
	str_free(&errors);
	return EX_OK;
}

static void
settings_free(struct settings *settings)
{
	free(settings->address);
	free(settings->domain);
	free(settings->hostname);
	free(settings->control);
}

static int
list_queue(const struct settings *settings)
{
	struct str why = STR_EMPTY;
	struct render_list *list = render_list_begin(stdout);
	int code;

	if (list == NULL)
		return EX_OSERR;
	code = client_call(settings->control, "GET", "/queue", render_list_feed, list, &why);
	if (code == EX_OK && render_list_end(list, false) == -1)
		code = CLIENT_GAVE_UP;
	if (code == CLIENT_GAVE_UP)
		code = render_list_error(list) == EPIPE ? EX_OK : EX_IOERR;
	else if (code != EX_OK)
		fprintf(stderr, "mailq: %s\n", why.data);
	render_list_free(&list);
	str_free(&why);
	return code;
}

static int
open_wire(struct wire *wire, const struct settings *settings, const struct options *options)
{
	if (wire_open(wire, settings->address, settings->port, options->verbose) == 0)
		return EX_OK;
	fprintf(stderr,
	    "postern-sendmail: %s port %u: %s; nothing was sent: is postern running? "
	    "(`systemctl status postern`)\n",
	    settings->address, settings->port, strerror(errno));
	return EX_TEMPFAIL;
}

static int
deliver(const struct settings *settings, const struct options *options)
{
	struct input input = { .stream = stdin, .dot_is_text = options->dot_is_text };
	struct draft draft;
	struct wire wire;
	int code = draft_compose(options, &input, settings->domain, &draft);

	if (code == EX_OK && (code = open_wire(&wire, settings, options)) == EX_OK) {
		code = submit(&wire, settings->hostname, options, &draft, &input);
		wire_close(&wire);
	}
	draft_free(&draft);
	input_free(&input);
	return code;
}

static int
speak_smtp(const struct settings *settings, const struct options *options)
{
	struct wire wire;
	int code = open_wire(&wire, settings, options);

	if (code != EX_OK)
		return code;
	(void)signal(SIGPIPE, SIG_IGN); /* a daemon that hangs up first is no crash of ours */
	code = wire_pass_through(&wire) == 0 ? EX_OK : EX_IOERR;
	wire_close(&wire);
	return code;
}

static void
show_usage(void)
{
	fputs("usage: postern-sendmail [-itv] [-B type] [-C file] [-F name] [-f address] [-N dsn]\n"
	      "                        [-R ret] [-V envid] [recipient ...]   < message\n"
	      "       postern-sendmail -bs | -bp\n"
	      "       mailq\n"
	      "See postern-sendmail(8).\n",
	    stdout);
}

int
main(int argc, char **argv)
{
	struct options options;
	struct settings settings;
	int code;

	if (options_parse(argc, argv, &options) == -1)
		return EX_USAGE;
	if (options.mode == MODE_VERSION) {
		puts("postern-sendmail " PACKAGE_VERSION);
		return EX_OK;
	}
	if (options.mode == MODE_USAGE)
		show_usage();
	if (options.mode == MODE_USAGE || options.mode == MODE_NOTHING)
		return EX_OK;
	if ((code = load_settings(options.config, &settings)) != EX_OK)
		return code;
	code = options.mode == MODE_QUEUE  ? list_queue(&settings)
	       : options.mode == MODE_SMTP ? speak_smtp(&settings, &options)
					   : deliver(&settings, &options);
	settings_free(&settings);
	return code;
}
