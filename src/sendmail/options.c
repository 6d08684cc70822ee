/* SPDX-License-Identifier: ISC */
/*
 * options.c - see options.h.  Options of old that mean nothing here (-om, -oe, -odq, -h, -G, ...)
 * are taken and ignored, as programs pass them without thinking.
 */
#include "sendmail/options.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int
complain(const char *what, const char *value, const char *allowed)
{
	fprintf(stderr, "postern-sendmail: %s %s: %s\n", what, value, allowed);
	return -1;
}

static int
set_mode(struct options *options, const char *value)
{
	switch (*value) {
	case 'm':
		options->mode = MODE_DELIVER;
		return 0;
	case 's':
		options->mode = MODE_SMTP;
		return 0;
	case 'p':
		options->mode = MODE_QUEUE;
		return 0;
	case 'i': /* newaliases: there are none */
		options->mode = MODE_NOTHING;
		return 0;
	default:
		return complain(
		    "-b", value, "only -bm, -bs, -bp and -bi; the daemon is posternd(8)");
	}
}

static int
set_body(struct options *options, const char *value)
{
	if (strcasecmp(value, "7BIT") != 0 && strcasecmp(value, "8BITMIME") != 0)
		return complain("-B", value, "7BIT or 8BITMIME");
	options->body = value;
	return 0;
}

static int
set_notify(struct options *options, const char *value)
{
	static const char *const words[] = { "never", "success", "failure", "delay" };
	const char *at = value;

	for (;;) {
		size_t len = strcspn(at, ","), i = 0;

		while (i < 4 && !(strlen(words[i]) == len && strncasecmp(words[i], at, len) == 0))
			i++;
		if (i == 4 || (i == 0 && strlen(value) != len))
			return complain("-N", value, "never, or a list of success, failure, delay");
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	options->notify = value;
	return 0;
}

static int
set_ret(struct options *options, const char *value)
{
	if (strcasecmp(value, "full") != 0 && strcasecmp(value, "hdrs") != 0)
		return complain("-R", value, "full or hdrs");
	options->ret = value;
	return 0;
}

/* xtext (RFC 3461 4): it goes into a command as it is. */
static int
set_envid(struct options *options, const char *value)
{
	for (const char *p = value; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '=')
			return complain("-V", value, "printable ASCII without spaces and `='");
	options->envid = value;
	return 0;
}

static int
take(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'C':
		options->config = value;
		return 0;
	case 't':
		options->recipients_in_header = true;
		return 0;
	case 'i':
		options->dot_is_text = true;
		return 0;
	case 'o':
		if (strcmp(value, "i") == 0)
			options->dot_is_text = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'f':
	case 'r':
		options->sender = value;
		return 0;
	case 'F':
		options->full_name = value;
		return 0;
	case 'b':
		return set_mode(options, value);
	case 'B':
		return set_body(options, value);
	case 'N':
		return set_notify(options, value);
	case 'R':
		return set_ret(options, value);
	case 'V':
		return set_envid(options, value);
	case 'q': /* run the queue: posternd always does */
	case 'I': /* newaliases */
		options->mode = MODE_NOTHING;
		return 0;
	case '?':
		return -1;
	default:
		return 0;
	}
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* What a name, or a long option that stands alone, stands for. */
static const struct {
	const char *word;
	enum sendmail_mode mode;
} names[] = { { "mailq", MODE_QUEUE }, { "newaliases", MODE_NOTHING } },
  long_options[] = { { "--version", MODE_VERSION }, { "--help", MODE_USAGE } };

int
options_parse(int argc, char **argv, struct options *out)
{
	int option;

	*out = (struct options){ .mode = MODE_DELIVER };
	for (size_t i = 0; argc > 0 && i < sizeof names / sizeof *names; i++)
		if (strcmp(base_name(argv[0]), names[i].word) == 0)
			out->mode = names[i].mode;
	for (size_t i = 0; argc == 2 && i < sizeof long_options / sizeof *long_options; i++) {
		if (strcmp(argv[1], long_options[i].word) == 0) {
			out->mode = long_options[i].mode;
			return 0;
		}
	}
	while (
	    (option = getopt(argc, argv, "A:B:C:F:GIL:N:O:R:UV:X:b:d:e:f:h:imno:p:q::r:tvx")) != -1)
		if (take(out, option, optarg) == -1)
			return -1;
	out->recipient = argv + optind;
	out->nrecipient = (size_t)(argc - optind);
	return 0;
}
