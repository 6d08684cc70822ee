/* SPDX-License-Identifier: ISC */
/*
 * delivery.h - one attempt to hand one message to an upstream: the message read from the spool, and
 * what was said of each of its outstanding recipients.  It holds the queue item ACTIVE from
 * delivery_open() until ledger_settle().
 */
#ifndef OUTBOUND_DELIVERY_H
#define OUTBOUND_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "queue/plan.h"

struct envelope;
struct evbuffer;
struct queue;
struct queue_item;
struct smtp_recoder;
struct spool;

enum rcpt_fate {
	RCPT_UNTRIED, /* goes in the next transaction */
	RCPT_UNABLE,  /* this upstream cannot take it, but another one may */
	RCPT_SENT,    /* RCPT was sent */
	RCPT_TAKEN,   /* RCPT was accepted; the content decides */
	RCPT_DELIVERED,
	RCPT_DEFERRED,
	RCPT_FAILED,
};

enum { ENHANCED_SIZE = 12 };

struct delivery_rcpt {
	uint32_t index; /* in the envelope */
	char *ascii;    /* the address that this upstream takes; NULL: that of the envelope */
	enum rcpt_fate fate;
	int code; /* 0: no reply, the words are ours */
	char enhanced[ENHANCED_SIZE];
	char *reply;        /* with its codes if it has any; NULL until there is one */
	const char *remedy; /* for that reply, in plain words; NULL: none is known */
};

struct delivery {
	struct queue_item *item;
	struct envelope *envelope;
	char *from_ascii; /* the sender that this upstream takes; NULL: that of the envelope */
	struct evbuffer *content; /* canonical; empty for large content */
	int fd;                   /* large content, or -1 */
	uint64_t content_len;     /* as it is sent */
	uint64_t stored_len;      /* as it lies in the spool */
	struct smtp_recoder
	    *recoder;               /* what large content goes through; NULL: it is sent as it is */
	struct str recoded;         /* what came out of it last */
	struct delivery_rcpt *rcpt; /* the outstanding ones, or those of some routes */
	size_t nrcpt;
	struct route_set routes;  /* of the item's plan: those that have their turn with this */
	struct route_set detours; /* new ways of its recipients; see detour.h */
	int64_t started_ms;       /* monotonic */
	bool uncertain;           /* the content was sent to its end, and no reply came */
	bool rest;          /* a fresh connection broke at it: what is untried waits a while */
	bool is_damaged;    /* its content is not to be read again */
	bool passes_dsn;    /* the upstream was told what the sender wants to hear */
	bool throttled;     /* the upstream wants less: what is untried waits a moment */
	const char *remedy; /* for what was refused, in plain words; NULL: none is known */
};

enum delivery_result {
	DELIVERY_OPENED,
	DELIVERY_DAMAGED, /* the record cannot be trusted; the envelope may be there */
	DELIVERY_LATER,   /* out of memory or an I/O error: errno */
};

/* With all outstanding recipients.  *out is set for OPENED; for DAMAGED it is set, without content,
 * if the envelope could be read, else NULL. */
enum delivery_result delivery_open(struct spool *spool, const struct queue *queue,
    struct queue_item *item, bool with_content, struct delivery **out);

/* Say of a recipient what the upstream (code > 0) or we (code 0) say of it. */
void delivery_judge(struct delivery *delivery, size_t rcpt, enum rcpt_fate fate, int code,
    const char *enhanced, const char *words);

/* The same of every recipient whose fate is `of`. */
void delivery_judge_all(struct delivery *delivery, enum rcpt_fate of, enum rcpt_fate fate, int code,
    const char *enhanced, const char *words);

/* The same of every recipient that was SENT or TAKEN or not tried: what came to no end. */
void delivery_judge_open(struct delivery *delivery, enum rcpt_fate fate, int code,
    const char *enhanced, const char *words);

/* How many recipients have this fate. */
size_t delivery_count(const struct delivery *delivery, enum rcpt_fate fate);

const char *delivery_address(const struct delivery *delivery, size_t rcpt);

/* Sender and recipient as they are sent. */
const char *delivery_sent_from(const struct delivery *delivery);
const char *delivery_sent_to(const struct delivery *delivery, size_t rcpt);

void delivery_free(struct delivery **delivery);

#endif
