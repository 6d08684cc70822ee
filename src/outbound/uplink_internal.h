/* SPDX-License-Identifier: ISC */
/*
 * uplink_internal.h - shared by the files of an uplink alone: uplink.c (set-up and replies),
 * transaction.c (messages).  A reply belongs to the oldest expectation: nothing else matches
 * replies to commands.
 */
#ifndef OUTBOUND_UPLINK_INTERNAL_H
#define OUTBOUND_UPLINK_INTERNAL_H

#include "outbound/uplink.h"
#include "smtp/capability.h"
#include "smtp/dot.h"
#include "smtp/reply.h"

struct auth;
struct conn;
struct dial;
struct event;

enum {
	UPLINK_RCPT_MAX =
	    100, /* recipients of one transaction: every server takes 100 (RFC 5321 4.5.3.1.8) */
	UPLINK_EXPECT_MAX = 256, /* two transactions' worth of replies */
	UPLINK_OUTPUT_MAX = 256 * 1024,
	UPLINK_IDLE_MS = 30 * 1000,
	UPLINK_LINGER_MS = 500,
	UPLINK_WORDS_SIZE = 1024,
};

enum uplink_phase {
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

struct uplink {
	struct uplink_context of;
	enum uplink_phase phase;
	struct dial *dial;
	struct conn *conn;
	struct auth *auth;
	struct event *idle_timer;
	struct smtp_capabilities caps;
	struct smtp_reply reply;
	struct transaction slot[2];
	struct transaction *current, *ahead; /* the slots in their order */
	struct expectation expect[UPLINK_EXPECT_MAX];
	size_t expect_first, expect_count;
	int64_t started_ms; /* monotonic */
	uint64_t served;    /* transactions ended with a reply to their content */
	bool finishing;     /* take no more messages */
	bool held;          /* the trouble is the upstream's: its messages go back untouched */
	unsigned depth;     /* callbacks on the stack: freed when the last one returns */
};

/* uplink.c */

void uplink_set_phase(struct uplink *uplink, enum uplink_phase phase);

/* Callbacks of others begin with enter and end with leave, so that an uplink may end amid them. */
void uplink_enter(struct uplink *uplink);
void uplink_leave(struct uplink *uplink);

void
uplink_expect(struct uplink *uplink, enum step step, struct transaction *transaction, size_t rcpt);

/* The step that is waited for. */
enum step uplink_step(const struct uplink *uplink);

/* A reply, or the next sign of life, must come within the upstream's timeout and extra_ms. */
void uplink_restart_deadline(struct uplink *uplink, uint64_t extra_ms);

/* "EHLO: 550 5.7.1 words (remedy)": what was said, for people. */
void uplink_describe(
    const struct uplink *uplink, enum step step, const char *remedy, char *out, size_t size);

/* The upstream is in trouble: its owner holds it, and the uplink ends. */
void uplink_hold(struct uplink *uplink, enum hold kind, const char *why);

/* End the connection; every message in it gets its due. */
void uplink_break(struct uplink *uplink, const char *why);

/* setup.c */
void setup_send_ehlo(struct uplink *uplink);
void setup_start_tls(struct uplink *uplink);
void setup_on_reply(struct uplink *uplink);

/* transaction.c */
void transaction_pull(struct uplink *uplink);
void transaction_on_reply(struct uplink *uplink, const struct expectation *expectation);
void transaction_on_drain(struct uplink *uplink);
/* The connection is gone: settle both slots. */
void transaction_lost(struct uplink *uplink, const char *why);

#endif
