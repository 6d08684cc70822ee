/* SPDX-License-Identifier: ISC */
/* gate.c - see gate.h. */
#include "listener/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "config/certificate.h"
#include "config/config.h"
#include "config/list.h"
#include "config/report.h"
#include "config/users.h"
#include "listener/policy.h"
#include "net/tls_server.h"

/* Each line, with the listener's name in front. */
static void
add_warnings(const struct config_listen *listen, const struct str *lines, struct str *out)
{
	for (size_t at = 0; at < lines->len;) {
		size_t n = strcspn(lines->data + at, "\n") + 1;

		str_printf(out, "listen \"%s\": %.*s", listen->name, (int)n, lines->data + at);
		at += n;
	}
}

/* NULL with the reason in why. */
static struct tls_server *
make_tls(const struct config_listen *listen, struct str *why)
{
	struct certificate *certificate =
	    certificate_load(listen->tls_cert_file, listen->tls_key_file, why);
	struct tls_server *tls =
	    certificate == NULL ? NULL : tls_server_new(certificate, listen->tls_min, why);

	certificate_free(&certificate);
	return tls;
}

static void
load_tls(struct gate *gate, const struct config_listen *listen, struct report *report,
    struct str *warnings)
{
	struct str text = STR_EMPTY;

	if (listen->tls == TLS_NONE)
		return;
	gate->tls = make_tls(listen, &text);
	if (gate->tls == NULL) {
		report_add(report, listen->certificate_line,
		    "listen \"%s\": %s; needed: a certificate and its key, in PEM", listen->name,
		    str_is_bad(&text) ? "out of memory" : text.data);
	} else {
		tls_server_warn(gate->tls, &text);
		add_warnings(listen, &text, warnings);
	}
	str_free(&text);
}

static void
load_users(struct gate *gate, const struct config_listen *listen, struct report *report)
{
	struct str why = STR_EMPTY;

	if (listen->users_file == NULL)
		return;
	gate->users = users_load(listen->users_file, &why);
	if (gate->users == NULL)
		report_add(report, listen->users_line,
		    "listen \"%s\": %s; needed: lines NAME:HASH, as posternctl passwd prints them",
		    listen->name, str_is_bad(&why) ? "out of memory" : why.data);
	str_free(&why);
}

static bool
is_user(const struct config *config, const struct gates *gates, const struct config_client *client,
    const char *name)
{
	for (size_t i = 0; i < gates->count; i++)
		if (gates->gate[i].users != NULL &&
		    config_client_is_about(client, &config->listen[i]) &&
		    users_find(gates->gate[i].users, name) != NULL)
			return true;
	return strcmp(name, "*") == 0;
}

/* A section for somebody who is not there yet may be meant, or a slip. */
static void
warn_of_unknown(const struct config *config, const struct gates *gates, struct str *warnings)
{
	for (size_t i = 0; i < config->nclient; i++) {
		const struct config_client *client = &config->client[i];

		for (size_t j = 0; j < client->users.count; j++)
			if (!is_user(config, gates, client, client->users.text[j]))
				str_printf(warnings,
				    "client \"%s\": users = %s: no users_file has that name\n",
				    client->name, client->users.text[j]);
	}
}

struct gates *
gates_load(const struct config *config, struct str *errors, struct str *warnings)
{
	struct report report = { .file = config->file };
	struct gates *gates = xcalloc(1, sizeof *gates);

	gates->count = config->nlisten;
	gates->gate = xcalloc(config->nlisten + 1, sizeof *gates->gate);
	for (size_t i = 0; i < config->nlisten; i++) {
		load_tls(&gates->gate[i], &config->listen[i], &report, warnings);
		load_users(&gates->gate[i], &config->listen[i], &report);
	}
	if (report.count > 0) {
		gates_free(&gates);
	} else {
		policy_warn(config, warnings);
		warn_of_unknown(config, gates, warnings);
	}
	report_write(&report, errors);
	return gates;
}

int
gates_check(const struct config *config, struct str *errors, struct str *warnings)
{
	struct gates *gates = gates_load(config, errors, warnings);

	if (gates == NULL)
		return -1;
	gates_free(&gates);
	return 0;
}

void
gates_free(struct gates **gates)
{
	struct gates *old = *gates;

	if (old == NULL)
		return;
	*gates = NULL;
	for (size_t i = 0; i < old->count; i++) {
		tls_server_free(&old->gate[i].tls);
		users_free(&old->gate[i].users);
	}
	free(old->gate);
	free(old);
}
