/* SPDX-License-Identifier: ISC */
/*
 * session_private.h - what a session is made of, for the files that answer its commands.
 * Only session_enter() writes the phase, and only session.c frees a session: a handler ends one by
 * session_part() or session_enter(PHASE_OVER).
 */
#ifndef LISTENER_SESSION_PRIVATE_H
#define LISTENER_SESSION_PRIVATE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/sockaddr.h"
#include "config/config.h"
#include "listener/policy.h"
#include "listener/session.h"
#include "smtp/command.h"

struct auth;
struct conn;
struct transaction;

/* X(NAME, name for the log) */
#define SESSION_PHASES(X)                                        \
	X(GREETED, "greeted") /* no EHLO yet */                  \
	X(TLS, "tls")         /* a handshake; input waits */     \
	X(READY, "ready")     /* no transaction */               \
	X(AUTH, "auth")       /* an answer is asked for */       \
	X(VERIFY, "verify")   /* it is looked at; input waits */ \
	X(MAIL, "mail")       /* a sender, no recipient */       \
	X(RCPT, "rcpt")       /* at least one recipient */       \
	X(DATA, "data")       /* content comes in */             \
	X(CHUNK, "chunk")     /* octets of a BDAT come in */     \
	X(BDAT, "bdat")       /* the next BDAT is to come */     \
	X(COMMIT, "commit")   /* the spool works; input waits */ \
	X(OVER, "over")       /* nothing more is said or heard */

enum session_phase {
#define X(name, text) PHASE_##name,
	SESSION_PHASES(X)
#undef X
	    PHASE_COUNT
};

#define IN(phase) (1u << (phase))

enum {
	SESSION_HELO_MAX = 255, /* RFC 5321 4.5.3.1.2 */
	SESSION_TLS_SIZE = 64,
};

struct session {
	struct session_env *env;
	const struct config_listen *listen;
	const struct gate *gate;
	struct conn *conn;               /* NULL once the client is gone */
	struct transaction *transaction; /* from MAIL until it is answered, or NULL */
	struct auth *auth;               /* a login on its way, or NULL */
	char *login;                     /* who has logged in, or NULL */
	char *helo;                      /* as said; NULL before EHLO or HELO */
	const char *command; /* for the log while a command runs; NULL: keep it out of there */
	const struct smtp_status *skip_reply; /* to a BDAT that is refused, behind its octets */
	uint64_t skipped;                     /* octets of it that are still to come */
	void (*on_end)(void *ctx);
	void *ctx;
	struct policy policy; /* for who it is known to be now */
	int64_t moved_ms;     /* when the deadline was set (monotonic) */
	enum session_phase phase;
	unsigned errors; /* those since the last message that count against limits.errors */
	unsigned failed_logins;
	bool is_esmtp;     /* said EHLO, not HELO */
	bool is_skipping;  /* the rest of an overlong line is still to come */
	bool is_draining;  /* say 421 when no transaction is open */
	bool is_choked;    /* the client does not read its replies */
	bool peer_is_done; /* no input comes any more; the client may still read */
	bool has_moved;    /* the deadline is to be set anew */
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} peer;
	char client[SOCKADDR_TEXT_SIZE]; /* "127.0.0.1:40000", "unix:uid=1000" */
	char tls[SESSION_TLS_SIZE];      /* version and cipher; "": none */
};

/* Go to another phase.  PHASE_OVER is final: from there it does nothing. */
void session_enter(struct session *session, enum session_phase phase);

/* Drop the transaction, if any, and be ready for the next. */
void session_reset(struct session *session);

/* What the client may do, now that it is known who it is. */
void session_find_policy(struct session *session);

/* The first words to a client. */
void session_greet(struct session *session);

/*
 * The handshake: begun, -1: it cannot be; and done, for the connection's callback.  Whether there
 * is a certificate for it.
 */
int session_begin_tls(struct session *session);
void session_secured(struct session *session);
bool starttls_is_here(const struct session *session);

/* The set of smtp_extension that EHLO shows to this client, and whose parameters it may use. */
unsigned session_offered(const struct session *session);

/* Go on after a wait.  May free the session: nothing may follow it. */
void session_advance(struct session *session);

/* Why a session is ended by us: the event in the log and what the client hears. */
struct session_farewell {
	const char *event;
	const char *enhanced;
	const char *text; /* stands behind "421 ENHANCED HOSTNAME" */
};

/* A line of the log, unless there were many of late. */
void session_log_end(struct session *session, const char *event, const char *why);

/* Say 421 and end the session. */
void session_part(struct session *session, const struct session_farewell *farewell);

/* "ESMTP", "ESMTPS", "ESMTPSA", "SMTP": the protocol for Received (RFC 3848). */
const char *session_protocol(const struct session *session);

#endif
