/* SPDX-License-Identifier: ISC */
/* output.c - the queue of what goes out.  Without delays it is passed by: octets go to the
 * bufferevent. */
#include "output.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server.h"
#include "session.h"

#define ENDLESS_MS  10    /* between two lines of an endless reply */
#define ENDLESS_MAX 65536 /* octets that may wait meanwhile */

struct output_item {
	TAILQ_ENTRY(output_item) link;
	enum output_kind kind;
	double due;
	size_t len;
	char *text;
};

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static struct evbuffer *
socket_buffer(const struct session *s)
{
	return bufferevent_get_output(s->bev);
}

static void
drop_head(struct output *o)
{
	struct output_item *item = TAILQ_FIRST(&o->queue);

	TAILQ_REMOVE(&o->queue, item, link);
	free(item->text);
	free(item);
}

/* Do the head item; false when it has to wait for the socket. */
static bool
perform(struct session *s, struct output_item *item)
{
	enum output_kind kind = item->kind;

	if (kind == OUTPUT_DATA) {
		evbuffer_remove_buffer(s->output.data, socket_buffer(s), item->len);
	} else if (kind == OUTPUT_ENDLESS) {
		if (evbuffer_get_length(socket_buffer(s)) < ENDLESS_MAX)
			bufferevent_write(s->bev, item->text, strlen(item->text));
		item->due = now_ms() + ENDLESS_MS;
		return true;
	} else if (evbuffer_get_length(socket_buffer(s)) > 0) {
		s->output.flushing = true;
		return false;
	}
	drop_head(&s->output);
	if (kind == OUTPUT_TLS)
		session_begin_tls(s);
	else if (kind != OUTPUT_DATA)
		session_hang_up(s, kind);
	return true;
}

static void
run(struct session *s)
{
	struct output_item *item;
	double wait = 0;

	while (!s->gone && (item = TAILQ_FIRST(&s->output.queue)) != NULL) {
		wait = item->due - now_ms();
		if (wait > 0)
			break;
		if (!perform(s, item))
			return;
	}
	if (s->gone || TAILQ_EMPTY(&s->output.queue))
		return;

	struct timeval tv = { (time_t)(wait / 1e3), (suseconds_t)(wait * 1e3) % 1000000 };

	evtimer_add(s->output.timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct session *s = ctx;

	(void)fd;
	(void)what;
	if (!s->output.flushing)
		run(s);
	session_run(s);
	session_settle(s);
}

int
output_init(struct session *s)
{
	TAILQ_INIT(&s->output.queue);
	s->output.data = evbuffer_new();
	s->output.timer = evtimer_new(s->server->base, on_timer, s);
	return s->output.data != NULL && s->output.timer != NULL ? 0 : -1;
}

void
output_clear(struct session *s)
{
	while (!TAILQ_EMPTY(&s->output.queue))
		drop_head(&s->output);
	if (s->output.data != NULL)
		evbuffer_free(s->output.data);
	if (s->output.timer != NULL)
		event_free(s->output.timer);
}

/* Put an item at the end of the queue; NULL when there is no memory. */
static struct output_item *
enqueue(struct session *s, enum output_kind kind, size_t len)
{
	struct output *o = &s->output;
	struct output_item *item = TAILQ_LAST(&o->queue, output_queue);
	double due = now_ms() + (double)s->server->options->latency;

	if (due < o->last_due)
		due = o->last_due;
	due += o->hold;
	o->hold = 0;
	if (kind == OUTPUT_DATA && item != NULL && item->kind == OUTPUT_DATA &&
	    due - item->due < 0.5) {
		item->len += len;
		return item;
	}
	item = calloc(1, sizeof(*item));
	if (item == NULL)
		return NULL;
	item->kind = kind;
	item->len = len;
	item->due = o->last_due = due;
	TAILQ_INSERT_TAIL(&o->queue, item, link);
	return item;
}

/* Start the queue, unless an earlier item has. */
static void
kick(struct session *s, const struct output_item *item)
{
	if (item != NULL && TAILQ_FIRST(&s->output.queue) == item && !s->output.flushing)
		run(s);
}

static void
send_later(struct session *s, const char *data, size_t len)
{
	struct output_item *item = enqueue(s, OUTPUT_DATA, len);

	if (item == NULL) {
		s->gone = true;
		return;
	}
	evbuffer_add(s->output.data, data, len);
	kick(s, item);
}

void
output_send(struct session *s, const char *data, size_t len)
{
	if (TAILQ_EMPTY(&s->output.queue) && s->server->options->latency == 0 &&
	    s->output.hold <= 0)
		bufferevent_write(s->bev, data, len);
	else
		send_later(s, data, len);
}

void
output_send_slowly(struct session *s, const char *data, size_t len, unsigned long ms)
{
	for (size_t i = 0; i < len && !s->gone; i++) {
		if (i > 0)
			output_delay(s, ms > 0 ? ms : 1);
		send_later(s, data + i, 1);
	}
}

void
output_endless(struct session *s, const char *text)
{
	struct output_item *item = enqueue(s, OUTPUT_ENDLESS, 0);

	if (item == NULL || (item->text = strdup(text)) == NULL) {
		s->gone = true;
		return;
	}
	kick(s, item);
}

void
output_delay(struct session *s, unsigned long ms)
{
	s->output.hold += (double)ms;
}

void
output_then(struct session *s, enum output_kind kind)
{
	struct output_item *item = enqueue(s, kind, 0);

	if (item == NULL)
		s->gone = true;
	kick(s, item);
}

bool
output_is_empty(const struct session *s)
{
	return TAILQ_EMPTY(&s->output.queue) && evbuffer_get_length(socket_buffer(s)) == 0;
}

size_t
output_waiting(const struct session *s)
{
	return evbuffer_get_length(s->output.data) + evbuffer_get_length(socket_buffer(s));
}

void
output_on_drained(struct session *s)
{
	if (!s->output.flushing)
		return;
	s->output.flushing = false;
	run(s);
}
