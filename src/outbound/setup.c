/* SPDX-License-Identifier: ISC */
/*
 * setup.c - a connection to an upstream from its greeting to the login; see uplink.h.
 * on_ok[] is the table of contents: what follows when a step succeeds.  Whatever else happens here
 * is the upstream's trouble: it is held, and no message suffers.
 */
#include <event2/buffer.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "config/config.h"
#include "net/conn.h"
#include "net/tls.h"
#include "outbound/auth.h"
#include "outbound/uplink_internal.h"

static void
become_ready(struct uplink *uplink)
{
	uplink_set_phase(uplink, PHASE_READY);
	uplink->mode = flight_mode(uplink->of.bound, &uplink->caps);
	uplink->bdat =
	    uplink->of.bound == PIPELINING_STREAM && smtp_offers(&uplink->caps, SMTP_EXT_CHUNKING);
	uplink->of.on_ready(uplink->of.ctx, uplink);
}

void
setup_send_ehlo(struct uplink *uplink)
{
	evbuffer_add_printf(conn_output(uplink->conn), "EHLO %s\r\n", uplink->of.hostname);
	uplink_set_phase(uplink, PHASE_EHLO);
}

void
setup_start_tls(struct uplink *uplink)
{
	struct ssl_st *ssl = tls_client_session(uplink->of.tls);

	uplink_set_phase(uplink, PHASE_TLS);
	if (ssl == NULL)
		uplink_hold(uplink, HOLD_NETWORK, "out of memory for TLS");
	else if (conn_start_tls(uplink->conn, ssl) == -1)
		uplink_hold(uplink, HOLD_TLS,
		    "STARTTLS: the upstream sent plain text behind its reply, as an attacker "
		    "would");
}

static void
wipe(const void *data, size_t len, void *extra)
{
	struct str line = { .data = extra, .len = len, .size = len };

	(void)data;
	str_wipe(&line);
}

/* Send a line with a secret in it, and cleanse it once it was sent. */
static void
send_secret(struct uplink *uplink, struct str *line)
{
	str_puts(line, "\r\n");

	size_t len = line->len;
	char *data = str_take(line);

	if (data != NULL &&
	    evbuffer_add_reference(conn_output(uplink->conn), data, len, wipe, data) == 0)
		return;
	if (data != NULL)
		wipe(data, len, data);
	uplink_hold(uplink, HOLD_NETWORK, "out of memory");
}

/* The login cannot go on, for a reason of ours or of the upstream's. */
static void
hold_login(struct uplink *uplink, const struct str *reason)
{
	char why[UPLINK_WORDS_SIZE];

	(void)snprintf(
	    why, sizeof why, "AUTH: %s", reason->len > 0 ? reason->data : "out of memory");
	uplink_hold(uplink, HOLD_LOGIN, why);
}

static void
log_in(struct uplink *uplink)
{
	struct str line = STR_EMPTY, why = STR_EMPTY;

	uplink_set_phase(uplink, PHASE_AUTH);
	uplink->auth =
	    auth_begin(uplink->of.login, &uplink->caps, conn_ssl(uplink->conn), &line, &why);
	if (uplink->auth == NULL)
		hold_login(uplink, &why);
	else
		send_secret(uplink, &line);
	str_wipe(&line);
	str_free(&why);
}

static void
on_ehlo(struct uplink *uplink)
{
	smtp_capabilities_parse(uplink->reply.text, &uplink->caps);
	if (uplink->of.tls_mode == TLS_STARTTLS && !conn_is_secure(uplink->conn)) {
		if (!smtp_offers(&uplink->caps, SMTP_EXT_STARTTLS)) {
			uplink_hold(uplink, HOLD_TLS,
			    "EHLO: the upstream does not offer STARTTLS, and without TLS nothing "
			    "is sent");
			return;
		}
		evbuffer_add(conn_output(uplink->conn), "STARTTLS\r\n", 10);
		uplink_set_phase(uplink, PHASE_STARTTLS);
	} else if (auth_is_wanted(uplink->of.login, &uplink->caps)) {
		log_in(uplink);
	} else {
		become_ready(uplink);
	}
}

static void
on_logged_in(struct uplink *uplink)
{
	struct str why = STR_EMPTY;
	char words[UPLINK_WORDS_SIZE];

	smtp_reply_words(&uplink->reply, words, sizeof words);
	if (auth_conclude(uplink->auth, words, &why) == -1) {
		hold_login(uplink, &why);
	} else {
		log_debug("upstream_login", log_s("upstream", uplink->of.upstream->name),
		    log_s("mechanism", auth_mechanism(uplink->auth)));
		auth_free(&uplink->auth);
		become_ready(uplink);
	}
	str_free(&why);
}

static void
on_challenge(struct uplink *uplink)
{
	struct str line = STR_EMPTY, why = STR_EMPTY;

	if (auth_respond(uplink->auth, uplink->reply.text, &line, &why) == -1)
		hold_login(uplink, &why);
	else
		send_secret(uplink, &line);
	str_wipe(&line);
	str_free(&why);
}

/* A refused proof may be one that this account's password cannot be checked by. */
static const char *
login_remedy(const struct uplink *uplink, const char *remedy, char *out, size_t size)
{
	if (uplink->phase != PHASE_AUTH || !auth_is_proof(uplink->auth))
		return remedy;
	(void)snprintf(out, size, "%s%sit was tried with %s; auth can choose another mechanism",
	    remedy != NULL ? remedy : "", remedy != NULL ? "; " : "", auth_mechanism(uplink->auth));
	return out;
}

static void (*const on_ok[])(struct uplink *) = {
	[PHASE_GREETING] = setup_send_ehlo,
	[PHASE_EHLO] = on_ehlo,
	[PHASE_STARTTLS] = setup_start_tls,
	[PHASE_AUTH] = on_logged_in,
};

void
setup_on_reply(struct uplink *uplink)
{
	const struct smtp_reply *reply = &uplink->reply;
	enum step step = uplink_step(uplink);
	char why[UPLINK_WORDS_SIZE], remedy[UPLINK_WORDS_SIZE];

	if (uplink->phase == PHASE_AUTH && reply->code == 334) {
		on_challenge(uplink);
		return;
	}

	struct verdict verdict =
	    classify(step, uplink->of.upstream->host, reply->code, reply->enhanced, reply->text);

	if (verdict.fate == FATE_OK) {
		on_ok[uplink->phase](uplink);
		return;
	}
	uplink_describe(uplink, step, login_remedy(uplink, verdict.remedy, remedy, sizeof remedy),
	    why, sizeof why);
	if (verdict.fate == FATE_SLOW) { /* it lets in fewer than these */
		uplink->of.on_throttle(
		    uplink->of.ctx, uplink, verdict.throttle, uplink->started_ms, why);
		uplink_break(uplink, why);
		return;
	}
	uplink_hold(uplink, verdict.hold != HOLD_NONE ? verdict.hold : HOLD_SESSION, why);
}
