/* SPDX-License-Identifier: ISC */
/*
 * uplink_internal.h - shared by the files of an uplink alone: uplink.c (its life), uplink_state.c
 * (what is known of it), setup.c (up to the login), pipeline.c (what is sent when), send.c (how),
 * answer.c (what replies do) and settle.c (messages given back).
 */
#ifndef OUTBOUND_UPLINK_INTERNAL_H
#define OUTBOUND_UPLINK_INTERNAL_H

#include "outbound/expect.h"
#include "outbound/flight.h"
#include "outbound/uplink.h"
#include "smtp/capability.h"
#include "smtp/reply.h"

struct auth;
struct conn;
struct dial;
struct event;

enum {
	UPLINK_OUTPUT_MAX = 256 * 1024, /* of large content, beyond what the socket takes */
	UPLINK_IDLE_MS = 30 * 1000,
	UPLINK_LINGER_MS = 500,
	UPLINK_CLOSING_MS = 2000, /* for what may never come: the end after a 421, another reply */
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

/* While it drains nothing is begun, and what was sent is answered first. */
enum uplink_drain {
	DRAIN_NONE,
	DRAIN_RESET,     /* then EHLO, and on one at a time */
	DRAIN_RESETTING, /* EHLO was sent */
	DRAIN_LEAVE,     /* then the connection ends */
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

	enum pipelining mode;
	bool bdat; /* content goes with BDAT */
	struct flight flight;
	struct expect expect;
	int64_t started_ms; /* monotonic */
	uint64_t served;    /* transactions ended with a reply to their content */
	uint64_t begun;
	uint64_t unmarked; /* messages streamed since the last EHLO */
	bool is_proven;    /* a mark has come in step, here or on another one: it may stream */
	bool is_refused;   /* one of them: that is believed when the mark has come */
	bool is_marking;   /* EHLO was sent behind them, whose reply is like no other */
	size_t most;       /* that may be begun now; see uplink_wake() */
	struct preparation *preparation; /* the next message, whose content is not ready; or NULL */
	bool is_dirty; /* the upstream may hold a transaction open: RSET comes first */

	enum uplink_drain drain;
	char why[UPLINK_WORDS_SIZE]; /* it drains */
	unsigned strays;             /* replies that nothing had asked for */
	bool is_shifted;             /* there was one */
	bool is_mark_refused;        /* it may be a refusal of the mark instead */
	bool is_closing;             /* 421 was said: what stands behind is not read */

	bool finishing; /* take no more messages */
	bool held;      /* the trouble is the upstream's: its messages go back untouched */
	unsigned depth; /* callbacks on the stack: freed when the last one returns */
};

/* uplink.c */

void uplink_set_phase(struct uplink *uplink, enum uplink_phase phase);

/* Callbacks of others begin with enter and end with leave, so that an uplink may end amid them. */
void uplink_enter(struct uplink *uplink);
void uplink_leave(struct uplink *uplink);

/* A reply, or the next sign of life, must come within the upstream's timeout, and the time that
 * what is in flight and `octets` more take on a slow line. */
void uplink_restart_deadline(struct uplink *uplink, uint64_t octets);

/* The upstream is in trouble: its owner holds it.  Tells once. */
void uplink_tell_trouble(struct uplink *uplink, enum hold kind, const char *why);

/* The same, and the uplink ends. */
void uplink_hold(struct uplink *uplink, enum hold kind, const char *why);

/* End the connection; every message in it gets its due. */
void uplink_break(struct uplink *uplink, const char *why);

/* uplink_state.c */

/* The step that is waited for. */
enum step uplink_step(const struct uplink *uplink);

/* "EHLO: 550 5.7.1 words (remedy)": what was said, for people. */
void uplink_describe(
    const struct uplink *uplink, enum step step, const char *remedy, char *out, size_t size);

/* setup.c */
void setup_send_ehlo(struct uplink *uplink);
void setup_start_tls(struct uplink *uplink);
void setup_on_reply(struct uplink *uplink);

/* pipeline.c */

/* Begin what may be begun, and send what may be sent of it. */
void pipeline_pull(struct uplink *uplink);
bool pipeline_has_room(const struct uplink *uplink);
void pipeline_on_drain(struct uplink *uplink);

/* Nothing is left to be begun: make sure of the replies to what was streamed. */
void pipeline_mark_end(struct uplink *uplink);

/* Whether the oldest message, which is answered, is kept until its replies are sure. */
bool pipeline_keeps(struct uplink *uplink, const struct transaction *oldest);

/* Begin nothing; go on as `drain` says when the replies are here.  What stands behind `culprit`
 * (NULL: nothing) is doubted. */
void pipeline_drain(struct uplink *uplink, enum uplink_drain drain,
    const struct transaction *culprit, const char *why);

/* The replies may all be here: give messages back, and go on. */
void pipeline_go_on(struct uplink *uplink);

/*
 * prepare.c: a message whose large content is converted before anything of it is sent, a piece each
 * turn of the loop.  There is one at a time, and nothing is begun meanwhile.
 */

/* Make the content of a delivery what is to be sent.  False: it is ready, and the caller's still;
 * true: it is taken, and uplink_wake() is called when prepare_take() will return it. */
bool prepare_begin(struct uplink *uplink, struct delivery *delivery);
bool prepare_is_busy(const struct uplink *uplink);
/* The one that is ready; NULL: there is none. */
struct delivery *prepare_take(struct uplink *uplink);
/* Give it back untouched, if there is one. */
void prepare_cancel(struct uplink *uplink);

/* send.c */
void send_mail(struct uplink *uplink, struct transaction *transaction);
/* False: no recipient is left for this transaction. */
bool send_rcpt(struct uplink *uplink, struct transaction *transaction);
void send_data(struct uplink *uplink, struct transaction *transaction);
/* BDAT with the content, or the begin of it. */
void send_bdat(struct uplink *uplink, struct transaction *transaction);
/* transaction: the one that it ends, or NULL. */
void send_reset(struct uplink *uplink, struct transaction *transaction);
/* EHLO, which resets as RSET does (RFC 5321 4.1.4), but whose reply is like no other. */
void send_hello(struct uplink *uplink);
/* What follows 354. */
void send_content(struct uplink *uplink, struct transaction *transaction);
/* More of large content, as far as the output has room. */
void send_more(struct uplink *uplink, struct transaction *transaction);

/* answer.c */
void answer_take(struct uplink *uplink);

/* settle.c */

/* Give back the oldest messages whose replies are here. */
void settle_answered(struct uplink *uplink);
/* The connection is gone: give all back. */
void settle_lost(struct uplink *uplink, const char *why);

#endif
