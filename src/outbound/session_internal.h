/* SPDX-License-Identifier: ISC */
/*
 * session_internal.h - shared by the files of a session alone: session.c (set-up and replies),
 * transaction.c (messages).  A reply belongs to the oldest expectation: nothing else matches
 * replies to commands.
 */
#ifndef OUTBOUND_SESSION_INTERNAL_H
#define OUTBOUND_SESSION_INTERNAL_H

#include "outbound/session.h"
#include "smtp/capability.h"
#include "smtp/dot.h"
#include "smtp/reply.h"

struct auth;
struct conn;
struct dial;
struct event;

enum {
	SESSION_RCPT_MAX =
	    100, /* recipients of one transaction: every server takes 100 (RFC 5321 4.5.3.1.8) */
	SESSION_EXPECT_MAX = 256, /* two transactions' worth of replies */
	SESSION_OUTPUT_MAX = 256 * 1024,
	SESSION_IDLE_MS = 30 * 1000,
	SESSION_LINGER_MS = 2000,
	SESSION_WORDS_SIZE = 1024,
};

enum session_phase {
	PHASE_CONNECTING,
	PHASE_GREETING,
	PHASE_EHLO,
	PHASE_STARTTLS,
	PHASE_TLS,
	PHASE_AUTH,
	PHASE_READY, /* idle, or with transactions */
	PHASE_QUIT,
	PHASE_DEAD,
};

struct transaction {
	struct delivery *delivery; /* NULL: none */
	size_t next;               /* the next recipient to be sent or skipped */
	size_t sent;               /* RCPTs of this transaction */
	bool mail_sent, data_sent, mail_ok;
	bool replied; /* to any command of it */
	bool content_begun, content_done;
	uint64_t offset; /* of large content: read so far */
	struct smtp_dot_encoder encoder;
};

struct expectation {
	enum step step;
	struct transaction *transaction;
	size_t rcpt;
};

struct session {
	struct session_context of;
	enum session_phase phase;
	struct dial *dial;
	struct conn *conn;
	struct auth *auth;
	struct event *idle_timer;
	struct smtp_capabilities caps;
	struct smtp_reply reply;
	struct transaction slot[2];
	struct transaction *current, *ahead; /* the slots in their order */
	struct expectation expect[SESSION_EXPECT_MAX];
	size_t expect_first, expect_count;
	uint64_t served; /* transactions ended with a reply to their content */
	bool finishing;  /* take no more messages */
	bool held;       /* the trouble is the upstream's: its messages go back untouched */
	unsigned depth;  /* callbacks on the stack: freed when the last one returns */
};

/* session.c */

void session_set_phase(struct session *session, enum session_phase phase);

/* Callbacks of others begin with enter and end with leave, so that a session may end amid them. */
void session_enter(struct session *session);
void session_leave(struct session *session);

void session_expect(
    struct session *session, enum step step, struct transaction *transaction, size_t rcpt);

/* The step that is waited for. */
enum step session_step(const struct session *session);

/* A reply, or the next sign of life, must come within the upstream's timeout and extra_ms. */
void session_restart_deadline(struct session *session, uint64_t extra_ms);

/* "EHLO: 550 5.7.1 words (remedy)": what was said, for people. */
void session_describe(
    const struct session *session, enum step step, const char *remedy, char *out, size_t size);

/* The upstream is in trouble: its owner holds it, and the session ends. */
void session_hold(struct session *session, enum hold kind, const char *why);

/* End the connection; every message in it gets its due. */
void session_break(struct session *session, const char *why);

/* setup.c */
void setup_send_ehlo(struct session *session);
void setup_start_tls(struct session *session);
void setup_on_reply(struct session *session);

/* transaction.c */
void transaction_pull(struct session *session);
void transaction_on_reply(struct session *session, const struct expectation *expectation);
void transaction_on_drain(struct session *session);
/* The connection is gone: settle both slots. */
void transaction_lost(struct session *session, const char *why);

#endif
