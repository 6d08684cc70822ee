/* SPDX-License-Identifier: ISC */
/*
 * starttls.c - TLS towards a client: asked for by STARTTLS (RFC 3207), or there from the start (RFC
 * 8314 3.3).  Behind the handshake a session begins anew: nothing that was said before counts.
 */
#include <event2/buffer.h>
#include <stdlib.h>

#include "base/log.h"
#include "listener/gate.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/verb.h"
#include "net/conn.h"
#include "net/tls.h"
#include "net/tls_server.h"

static const struct session_farewell injected = { "session_injection", "4.7.0",
	"commands came behind STARTTLS, before TLS" };
static const struct session_farewell no_memory = { "session_no_memory", "4.3.0", "out of memory" };

bool
starttls_is_here(const struct session *s)
{
	return s->gate->tls != NULL;
}

int
session_begin_tls(struct session *s)
{
	struct ssl_st *ssl = tls_server_session(s->gate->tls);

	session_enter(s, PHASE_TLS);
	return ssl == NULL ? -1 : conn_start_tls(s->conn, ssl);
}

void
on_starttls(struct session *s, const struct smtp_command *command)
{
	(void)command;
	if (s->tls[0] != '\0') {
		reply(s, 503, "5.5.1", "TLS is active already");
		return;
	}
	/* RFC 3207 5: what stands there was sent by somebody without TLS, maybe not by the client.
	 */
	if (evbuffer_get_length(conn_input(s->conn)) > 0) {
		session_part(s, &injected);
		return;
	}
	reply(s, 220, "2.0.0", "Ready to start TLS");
	if (session_begin_tls(s) < 0)
		session_part(s, &no_memory);
}

void
session_secured(struct session *s)
{
	tls_describe(conn_ssl(s->conn), s->tls, sizeof s->tls);
	log_debug("session_secure", log_s("client", s->client), log_s("tls", s->tls),
	    log_s("listener", s->listen->name));
	free(s->helo);
	free(s->login);
	s->helo = s->login = NULL;
	s->is_esmtp = false;
	session_enter(s, PHASE_GREETED);
	if (s->listen->tls == TLS_IMPLICIT)
		session_greet(s);
}
