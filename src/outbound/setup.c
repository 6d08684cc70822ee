/* SPDX-License-Identifier: ISC */
/*
 * setup.c - a connection to an upstream from its greeting to the login; see session.h.
 * on_ok[] is the table of contents: what follows when a step succeeds.  Whatever else happens here
 * is the upstream's trouble: it is held, and no message suffers.
 */
#include <event2/buffer.h>
#include <stdio.h>

#include "base/str.h"
#include "config/config.h"
#include "net/conn.h"
#include "net/tls.h"
#include "outbound/auth.h"
#include "outbound/session_internal.h"

static void
become_ready(struct session *session)
{
	session_set_phase(session, PHASE_READY);
	session->of.on_ready(session->of.ctx, session);
}

void
setup_send_ehlo(struct session *session)
{
	evbuffer_add_printf(conn_output(session->conn), "EHLO %s\r\n", session->of.hostname);
	session_set_phase(session, PHASE_EHLO);
}

void
setup_start_tls(struct session *session)
{
	struct ssl_st *ssl = tls_client_session(session->of.tls);

	session_set_phase(session, PHASE_TLS);
	if (ssl == NULL)
		session_hold(session, HOLD_NETWORK, "out of memory for TLS");
	else if (conn_start_tls(session->conn, ssl) == -1)
		session_hold(session, HOLD_TLS,
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
send_secret(struct session *session, struct str *line)
{
	str_puts(line, "\r\n");

	size_t len = line->len;
	char *data = str_take(line);

	if (data == NULL ||
	    evbuffer_add_reference(conn_output(session->conn), data, len, wipe, data) == -1)
		session_hold(session, HOLD_NETWORK, "out of memory");
}

static void
log_in(struct session *session)
{
	struct str line = STR_EMPTY;
	char why[SESSION_WORDS_SIZE];

	if (!auth_has_common(session->caps.mechanisms)) {
		(void)snprintf(why, sizeof why,
		    "AUTH: a login is configured, but no mechanism that postern knows is offered "
		    "(%s)",
		    session->caps.auth_text[0] != '\0' ? session->caps.auth_text : "none at all");
		session_hold(session, HOLD_LOGIN, why);
		return;
	}
	session_set_phase(session, PHASE_AUTH);
	session->auth = auth_begin(session->caps.mechanisms, session->of.upstream->username,
	    session->of.password, session->of.upstream->host, &line);
	if (session->auth == NULL)
		session_hold(session, HOLD_LOGIN, "AUTH: the login cannot be prepared");
	else
		send_secret(session, &line);
	str_wipe(&line);
}

static void
on_ehlo(struct session *session)
{
	smtp_capabilities_parse(session->reply.text, &session->caps);
	if (session->of.upstream->tls == TLS_STARTTLS && !conn_is_secure(session->conn)) {
		if (!smtp_offers(&session->caps, SMTP_EXT_STARTTLS)) {
			session_hold(session, HOLD_TLS,
			    "EHLO: the upstream does not offer STARTTLS, and without TLS nothing "
			    "is sent");
			return;
		}
		evbuffer_add(conn_output(session->conn), "STARTTLS\r\n", 10);
		session_set_phase(session, PHASE_STARTTLS);
	} else if (session->of.password != NULL) {
		log_in(session);
	} else {
		become_ready(session);
	}
}

static void
on_logged_in(struct session *session)
{
	auth_free(&session->auth);
	become_ready(session);
}

static void
on_challenge(struct session *session)
{
	struct str line = STR_EMPTY;

	if (auth_respond(session->auth, session->reply.text, &line) == -1)
		session_hold(session, HOLD_LOGIN, "AUTH: the upstream's challenge makes no sense");
	else
		send_secret(session, &line);
	str_wipe(&line);
}

static void (*const on_ok[])(struct session *) = {
	[PHASE_GREETING] = setup_send_ehlo,
	[PHASE_EHLO] = on_ehlo,
	[PHASE_STARTTLS] = setup_start_tls,
	[PHASE_AUTH] = on_logged_in,
};

void
setup_on_reply(struct session *session)
{
	const struct smtp_reply *reply = &session->reply;
	enum step step = session_step(session);
	char why[SESSION_WORDS_SIZE];

	if (session->phase == PHASE_AUTH && reply->code == 334) {
		on_challenge(session);
		return;
	}

	struct verdict verdict = classify(step, reply->code, reply->enhanced, reply->text);

	if (verdict.fate == FATE_OK) {
		on_ok[session->phase](session);
		return;
	}
	session_describe(session, step, verdict.remedy, why, sizeof why);
	session_hold(session, verdict.hold != HOLD_NONE ? verdict.hold : HOLD_SESSION, why);
}
