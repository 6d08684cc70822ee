/* SPDX-License-Identifier: ISC */
/* fake_spool.c - see fake_spool.h.  One message at a time is enough for one session. */
#include "fake_spool.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool/envelope.h"
#include "spool/writer.h"

struct spool_message {
	struct spool_writer *writer;
	struct evbuffer *content;
	spool_commit_fn *on_commit;
	void *commit_ctx;
	void (*on_drain)(void *ctx);
	void *drain_ctx;
};

struct spool_writer {
	struct fake_spool *state;
	struct event *event;           /* the commit is due */
	struct spool_message *open;    /* begun and not yet aborted or committed */
	struct spool_message *waiting; /* its commit is due */
};

static void
message_free(struct spool_message *message)
{
	evbuffer_free(message->content);
	free(message);
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct spool_writer *writer = ctx;
	struct spool_message *message = writer->waiting;
	static const struct spool_place place = { .segment = 1 };

	(void)fd;
	(void)what;
	writer->waiting = NULL;
	writer->state->committed += writer->state->commit_error == 0;
	if (message->on_commit != NULL)
		message->on_commit(message->commit_ctx, writer->state->commit_error, &place);
	message_free(message);
}

struct spool_writer *
fake_spool_new(struct event_base *base, struct fake_spool *state)
{
	struct spool_writer *writer = calloc(1, sizeof *writer);

	writer->state = state;
	writer->event = evtimer_new(base, on_due, writer);
	return writer;
}

void
fake_spool_free(struct spool_writer **writer)
{
	if ((*writer)->waiting != NULL)
		message_free((*writer)->waiting);
	event_free((*writer)->event);
	free((*writer)->state->content);
	str_free(&(*writer)->state->envelope);
	free(*writer);
	*writer = NULL;
}

void
fake_spool_release(struct spool_writer *writer)
{
	event_active(writer->event, EV_TIMEOUT, 0);
}

void
fake_spool_catch_up(struct spool_writer *writer)
{
	writer->state->is_behind = false;
	if (writer->open != NULL && writer->open->on_drain != NULL)
		writer->open->on_drain(writer->open->drain_ctx);
}

unsigned
spool_writer_tag(const struct spool_writer *writer)
{
	(void)writer;
	return 3;
}

struct spool_message *
spool_message_begin(struct spool_writer *writer, uint64_t id)
{
	(void)id;
	if (writer->state->begin_fails)
		return NULL;
	struct spool_message *message = calloc(1, sizeof *message);

	message->writer = writer;
	message->content = evbuffer_new();
	writer->state->begun++;
	writer->open = message;
	return message;
}

int
spool_message_append(struct spool_message *message, struct evbuffer *content)
{
	if (message->writer->state->append_error != 0) {
		errno = message->writer->state->append_error;
		return -1;
	}
	return evbuffer_add_buffer(message->content, content);
}

bool
spool_message_is_backlogged(const struct spool_message *message)
{
	return message->writer->state->is_behind;
}

void
spool_message_on_drain(struct spool_message *message, void (*on_drain)(void *ctx), void *ctx)
{
	message->on_drain = on_drain;
	message->drain_ctx = ctx;
}

uint64_t
spool_message_size(const struct spool_message *message)
{
	return evbuffer_get_length(message->content);
}

static void
keep(struct fake_spool *state, struct evbuffer *content, const struct envelope *envelope)
{
	free(state->content);
	state->content_len = evbuffer_get_length(content);
	state->content = calloc(1, state->content_len + 1);
	evbuffer_copyout(content, state->content, state->content_len);
	str_cut(&state->envelope, 0);
	envelope_encode(envelope, &state->envelope);
	state->rcpts = envelope->nrcpt;
	state->body = (int)envelope->body;
	snprintf(state->from, sizeof state->from, "%s", envelope->from);
	snprintf(state->rcpt, sizeof state->rcpt, "%s", envelope->rcpt[0]);
	snprintf(
	    state->last_rcpt, sizeof state->last_rcpt, "%s", envelope->rcpt[envelope->nrcpt - 1]);
	snprintf(state->client, sizeof state->client, "%s", envelope->client);
	snprintf(state->helo, sizeof state->helo, "%s", envelope->helo);
	snprintf(state->listener, sizeof state->listener, "%s", envelope->listener);
}

void
spool_message_commit(struct spool_message *message, const struct envelope *envelope,
    spool_commit_fn *on_commit, void *ctx)
{
	struct spool_writer *writer = message->writer;

	keep(writer->state, message->content, envelope);
	message->on_commit = on_commit;
	message->commit_ctx = ctx;
	writer->open = NULL;
	writer->waiting = message;
	if (!writer->state->holds_commits)
		fake_spool_release(writer);
}

void
spool_message_forget(struct spool_message *message)
{
	message->writer->state->forgotten++;
	message->on_commit = NULL;
}

void
spool_message_abort(struct spool_message **message)
{
	if (*message == NULL)
		return;
	(*message)->writer->state->aborted++;
	(*message)->writer->open = NULL;
	message_free(*message);
	*message = NULL;
}
