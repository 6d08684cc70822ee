/* SPDX-License-Identifier: ISC */
/*
 * walk.c - see walk.h.  Each turn writes a chunk, if only a line end, and the next turn begins when
 * it has left: so a slow client slows the walk down, one that is gone ends it, and a patient one
 * hears that something is done.
 */
#include "control/walk.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>

#include "base/clock.h"
#include "control/answer.h"
#include "control/selection.h"
#include "outbound/outbound.h"
#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/reader.h"

enum {
	TURN_MS = 5,
	CHUNK_MAX = 64 * 1024,
	POLL_MS = 20,
	STILL_MS = 5000, /* then what is being moved is left out: the disk may be stuck */
};

struct walk {
	struct outbound *outbound;
	struct evhttp_request *request;
	struct selection *selection;
	const struct walk_job *job;
	void *ctx;
	const bool *is_leaving;
	struct queue_cursor at;
	struct spool_look look; /* within a turn */
	struct event *poll;     /* looks whether it may begin; NULL afterwards */
	int64_t still_by_ms;    /* monotonic */
};

static void
walk_free(struct walk *walk)
{
	queue_cursor_close(&walk->at);
	if (walk->poll != NULL)
		event_free(walk->poll);
	if (walk->job->is_order)
		outbound_calm_end(walk->outbound);
	selection_free(&walk->selection);
	free(walk->ctx);
	free(walk);
}

static void
on_closed(struct evhttp_connection *connection, void *ctx)
{
	struct walk *walk = ctx;

	(void)connection;
	if (evhttp_request_get_connection(walk->request) == NULL)
		evhttp_request_free(walk->request); /* evhttp left it to us */
	walk_free(walk);
}

/* false: the job wants no more. */
static bool
look_at(struct walk *walk, struct queue_item *item, int64_t now_ms, struct evbuffer *chunk)
{
	const struct selection *selection = walk->selection;
	bool reads = selection_reads_envelope(selection), goes_on = true;
	struct envelope *envelope = NULL;

	if (!selection_takes(selection, outbound_queue(walk->outbound), item, now_ms))
		return true;
	if (selection_reads_reason(selection) &&
	    !selection_takes_reason(selection, outbound_reason(walk->outbound, item)))
		return true;
	if (reads || walk->job->wants_envelope) {
		const struct spool_place place = queue_place(item);

		(void)!spool_look_at(&walk->look, &place, &envelope);
	}
	if (!reads || (envelope != NULL && selection_takes_envelope(selection, item, envelope)))
		goes_on = walk->job->visit(walk->ctx, item, envelope, chunk);
	envelope_free(&envelope);
	return goes_on;
}

/* Whether there is more to do in another turn. */
static bool
take_turn(struct walk *walk, struct evbuffer *chunk)
{
	int64_t real_ms = clock_real_ms();
	int64_t begin_ms = clock_mono_ms();
	struct queue_item *item;

	while (walk->is_leaving == NULL || !*walk->is_leaving) {
		if ((item = queue_cursor_next(&walk->at)) == NULL ||
		    !look_at(walk, item, real_ms, chunk)) {
			walk->job->end(walk->ctx, false, chunk);
			return false;
		}
		if (clock_mono_ms() - begin_ms >= TURN_MS ||
		    evbuffer_get_length(chunk) >= CHUNK_MAX)
			return true;
	}
	walk->job->end(walk->ctx, true, chunk);
	return false;
}

static void
on_turn(struct evhttp_connection *connection, void *ctx)
{
	struct walk *walk = ctx;
	struct evbuffer *chunk = evbuffer_new();
	bool goes_on;

	spool_look_begin(&walk->look, outbound_spool(walk->outbound));
	goes_on = chunk != NULL && take_turn(walk, chunk);
	spool_look_end(&walk->look);
	if (goes_on) {
		evbuffer_add(chunk, "\n", 1); /* an empty chunk would end the answer */
		evhttp_send_reply_chunk_with_cb(walk->request, chunk, on_turn, walk);
	} else {
		if (chunk != NULL)
			evhttp_send_reply_chunk(walk->request, chunk);
		evhttp_connection_set_closecb(connection, NULL, NULL);
		evhttp_send_reply_end(walk->request);
		walk_free(walk);
	}
	if (chunk != NULL)
		evbuffer_free(chunk);
}

static void
begin(struct walk *walk)
{
	queue_cursor_open(&walk->at, outbound_queue(walk->outbound));
	on_turn(evhttp_request_get_connection(walk->request), walk);
}

static bool
may_begin(const struct walk *walk)
{
	if (!outbound_is_recovered(walk->outbound))
		return false;
	return !walk->job->is_order || outbound_is_still(walk->outbound) ||
	       clock_mono_ms() >= walk->still_by_ms;
}

static void
on_poll(evutil_socket_t fd, short what, void *ctx)
{
	const struct timeval soon = { .tv_usec = POLL_MS * 1000 };
	struct walk *walk = ctx;

	(void)fd;
	(void)what;
	if (!may_begin(walk)) {
		evtimer_add(walk->poll, &soon);
		return;
	}
	event_free(walk->poll);
	walk->poll = NULL;
	begin(walk);
}

void
walk_start(struct outbound *outbound, struct evhttp_request *request, struct selection *selection,
    const struct walk_job *job, void *ctx, const bool *is_leaving)
{
	struct walk *walk = calloc(1, sizeof *walk);
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	if (walk == NULL) {
		selection_free(&selection);
		free(ctx);
		answer_error(request, HTTP_INTERNAL, "out of memory");
		return;
	}
	*walk = (struct walk){
		.outbound = outbound,
		.request = request,
		.selection = selection,
		.job = job,
		.ctx = ctx,
		.is_leaving = is_leaving,
		.still_by_ms = clock_mono_ms() + STILL_MS,
	};
	if (job->is_order)
		outbound_calm(outbound);
	evhttp_add_header(
	    evhttp_request_get_output_headers(request), "Content-Type", "application/json");
	evhttp_connection_set_closecb(connection, on_closed, walk);
	evhttp_send_reply_start(request, HTTP_OK, "OK");
	if (!may_begin(walk))
		walk->poll = evtimer_new(evhttp_connection_get_base(connection), on_poll, walk);
	if (walk->poll != NULL)
		on_poll(-1, 0, walk);
	else
		begin(walk);
}
