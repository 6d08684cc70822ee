/* SPDX-License-Identifier: ISC */
/*
 * walk.h - go over the selected messages of the queue, a few milliseconds in each turn of the loop
 * and as fast as the client takes the answer, which is written meanwhile: neither memory nor the
 * loop suffers from a million messages.
 */
#ifndef CONTROL_WALK_H
#define CONTROL_WALK_H

#include <stdbool.h>

struct envelope;
struct evbuffer;
struct evhttp_request;
struct outbound;
struct queue_item;
struct selection;

struct walk_job {
	/*
	 * A selected message, which may be removed: add to the answer, or return false to end the
	 * walk.  envelope: NULL when it cannot be read, or is not needed by the selection and not
	 * wanted.
	 */
	bool (*visit)(void *ctx, struct queue_item *item, const struct envelope *envelope,
	    struct evbuffer *answer);
	/* The walk is over, or cut short because the process leaves: write the rest. */
	void (*end)(void *ctx, bool is_cut, struct evbuffer *answer);
	bool wants_envelope;
	bool is_order; /* it waits until no message is being moved, and meanwhile none is */
};

/*
 * Takes over the answer to the request, the selection, and ctx, which is freed with free() in the
 * end; a client that goes away ends the walk.  Once *is_leaving is
 * true no message is visited (NULL: that does not matter).  It begins when the log has been read
 * after a start: before, the queue is a part of itself.
 */
void walk_start(struct outbound *outbound, struct evhttp_request *request,
    struct selection *selection, const struct walk_job *job, void *ctx, const bool *is_leaving);

#endif
