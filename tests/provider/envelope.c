/* SPDX-License-Identifier: ISC */
/* envelope.c - MAIL and RCPT: the grammar, the parameters that were offered, and the limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "eventlog.h"
#include "path.h"
#include "reply.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "verbs.h"

static bool
is_number(const char *value)
{
	return *value != '\0' && strspn(value, "0123456789") == strlen(value) &&
	       strlen(value) <= 20;
}

static bool
is_body(const char *value)
{
	return strcasecmp(value, "7BIT") == 0 || strcasecmp(value, "8BITMIME") == 0;
}

static bool
is_empty(const char *value)
{
	return *value == '\0';
}

static bool
is_priority(const char *value)
{
	value += *value == '-';
	return *value >= '0' && *value <= '9' && value[1] == '\0';
}

static bool
is_ret(const char *value)
{
	return strcasecmp(value, "FULL") == 0 || strcasecmp(value, "HDRS") == 0;
}

/* xtext (RFC 3461 4.): + only before two hexadecimal digits in capitals. */
static bool
is_xtext(const char *value)
{
	static const char hex[] = "0123456789ABCDEF";

	for (const char *p = value; *p != '\0'; p++)
		if (*p == '+' &&
		    (p[1] == '\0' || !strchr(hex, p[1]) || p[2] == '\0' || !strchr(hex, p[2])))
			return false;
	return *value != '\0' && strlen(value) <= 500;
}

static bool
is_orcpt(const char *value)
{
	const char *semicolon = strchr(value, ';');

	return semicolon != NULL && semicolon > value && is_xtext(semicolon + 1);
}

static bool
is_notify(const char *value)
{
	static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE", "DELAY" };
	bool more = strcasecmp(value, "NEVER") != 0;

	for (const char *p = value;;) {
		size_t len = strcspn(p, ","), i;

		for (i = more ? 1 : 0; i < 4; i++)
			if (strlen(words[i]) == len && strncasecmp(p, words[i], len) == 0)
				break;
		if (i == 4)
			return false;
		if (p[len] == '\0')
			return true;
		p += len + 1;
	}
}

struct parameter {
	const char *key;
	unsigned extension;
	bool (*is_valid)(const char *value);
};

static const struct parameter mail_parameters[] = {
	{ "SIZE", EXT_SIZE, is_number },
	{ "BODY", EXT_8BITMIME, is_body },
	{ "SMTPUTF8", EXT_SMTPUTF8, is_empty },
	{ "RET", EXT_DSN, is_ret },
	{ "ENVID", EXT_DSN, is_xtext },
	{ "AUTH", EXT_AUTH, is_xtext },
	{ "REQUIRETLS", EXT_REQUIRETLS, is_empty },
	{ "MT-PRIORITY", EXT_MT_PRIORITY, is_priority },
	{ NULL, 0, NULL },
};

static const struct parameter rcpt_parameters[] = {
	{ "NOTIFY", EXT_DSN, is_notify },
	{ "ORCPT", EXT_DSN, is_orcpt },
	{ NULL, 0, NULL },
};

/* Send the refusal and return false, when a parameter is not as it should be. */
static bool
check_parameters(struct session *s, const struct parameter *table, json_t *params)
{
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value)
	{
		const struct parameter *p = table;

		while (p->key != NULL && strcmp(p->key, key) != 0)
			p++;
		if (p->key == NULL || !(s->offered & p->extension)) {
			session_violation(s, "parameter-unoffered", key);
			reply(s, 555, "5.5.4", "Parameter not offered");
			return false;
		}
		if (!p->is_valid(json_string_value(value))) {
			session_violation(s, "bad-parameter", key);
			reply(s, 501, "5.5.4", "Bad value of a parameter");
			return false;
		}
	}
	return true;
}

/* Parse, or send the refusal and return false. */
static bool
take_path(struct session *s, const char *arg, const char *keyword, struct path *path)
{
	bool from = strcmp(keyword, "FROM") == 0;
	enum path_flaw flaw = path_parse(arg, keyword, path);
	bool utf8;

	if (flaw != PATH_GOOD) {
		session_violation(s, flaw == PATH_PARAMETER ? "bad-parameter" : "bad-address", arg);
		if (flaw == PATH_SYNTAX || flaw == PATH_PARAMETER)
			reply(s, 501, "5.5.4", "Syntax error");
		else
			reply(s, 501, from ? "5.1.7" : "5.1.3", "Bad address");
		return false;
	}
	utf8 = from ? json_object_get(path->params, "SMTPUTF8") != NULL : s->tx.utf8;
	if (!utf8 && path_is_utf8(path->address)) {
		session_violation(s, "utf8-address", path->address);
		reply(s, 553, "5.6.7", "Not without SMTPUTF8");
	} else if (check_parameters(s, from ? mail_parameters : rcpt_parameters, path->params)) {
		return true;
	}
	json_decref(path->params);
	return false;
}

/* What stands against any MAIL of this session; true when it was said. */
static bool
refuse_mail(struct session *s)
{
	const struct options *options = s->server->options;

	if (options->auth_required && s->user == NULL) {
		session_violation(s, "mail-before-auth", "");
		reply(s, 530, "5.7.0", "Authentication required");
		return true;
	}
	if (options->messages_per_connection != 0 &&
	    s->messages >= options->messages_per_connection) {
		reply_goodbye(s, "4.7.0", "Too many messages in this session");
		return true;
	}
	return false;
}

static void
start_transaction(struct session *s, json_t *params)
{
	const char *body = json_string_value(json_object_get(params, "BODY"));

	s->phase = PHASE_MAIL;
	s->transactions++;
	s->tx.mail_params = json_incref(params);
	s->tx.rcpts = json_array();
	s->tx.eight_bit = body != NULL && strcasecmp(body, "8BITMIME") == 0;
	s->tx.utf8 = json_object_get(params, "SMTPUTF8") != NULL;
	stats_add(s->server->stats, COUNT_TRANSACTIONS, 1);
}

void
on_mail(struct session *s, char *arg)
{
	unsigned long limit = s->server->options->size;
	const struct fault *fault;
	struct path path;
	const char *size;

	s->tx.mail_tried = true;
	if (refuse_mail(s) || !take_path(s, arg, "FROM", &path))
		return;
	size = json_string_value(json_object_get(path.params, "SIZE"));
	if (size != NULL && limit != 0 && strtoul(size, NULL, 10) > limit) {
		reply(s, 552, "5.3.4", "Message too big");
	} else {
		snprintf(s->tx.from, sizeof(s->tx.from), "%s", path.address);
		fault = session_fault(s, STEP_MAIL, NULL);
		if (fault_lets_pass(fault, '2'))
			start_transaction(s, path.params);
		reply_step(s, fault, &(struct reply){ 250, "2.1.0", "Sender OK" });
	}
	json_decref(path.params);
}

/* Takes params, and refuses when there is no memory. */
static void
add_recipient(struct session *s, const struct path *path)
{
	struct transaction *tx = &s->tx;
	json_t *address = json_text(path->address);

	/* Room doubles at each power of two. */
	if ((tx->n_rcpts & (tx->n_rcpts - 1)) == 0) {
		size_t room = tx->n_rcpts == 0 ? 1 : 2 * tx->n_rcpts;

		tx->rcpt_addresses = realloc(tx->rcpt_addresses, room * sizeof(char *));
		if (tx->rcpt_addresses == NULL)
			abort();
	}
	json_array_append_new(
	    tx->rcpts, json_pack("{s:o, s:O}", "address", address, "params", path->params));
	tx->rcpt_addresses[tx->n_rcpts++] = json_string_value(address);
	s->phase = PHASE_RCPT;
}

void
on_rcpt(struct session *s, char *arg)
{
	const struct options *options = s->server->options;
	unsigned long max = options->max_recipients != 0 ? options->max_recipients : RECIPIENTS_MAX;
	const struct fault *fault;
	struct path path;

	s->tx.rcpt_tried = true;
	if (!take_path(s, arg, "TO", &path))
		return;
	if (s->tx.n_rcpts >= max) {
		unsigned code = (unsigned)options->max_recipients_code;

		reply(s, code, code >= 500 ? "5.5.3" : "4.5.3", "Too many recipients");
		stats_add(s->server->stats, COUNT_REFUSED_RECIPIENTS, 1);
	} else {
		fault = session_fault(s, STEP_RCPT, path.address);
		if (fault_lets_pass(fault, '2'))
			add_recipient(s, &path);
		else
			stats_add(s->server->stats, COUNT_REFUSED_RECIPIENTS, 1);
		reply_step(s, fault, &(struct reply){ 250, "2.1.5", "Recipient OK" });
	}
	json_decref(path.params);
}
