/* SPDX-License-Identifier: ISC */
/*
 * message.c - a message while it grows on the event loop.  Its content stays in memory as long as
 * it is small, or memory is at hand, and goes to a file from there on; either way its checksum is
 * computed as it comes.
 */
#include "config.h"

#include "spool/message.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>

#include "base/counters.h"
#include "base/crc32c.h"
#include "spool/envelope.h"
#include "spool/filer.h"
#include "spool/record.h"
#include "spool/spool.h"

/* Below this, octets are copied: a peer that sends one at a time must not make us keep a block for
 * each. */
enum { MOVE_MIN = 2048, PEEK_MAX = 16 };

struct spool_message *
spool_message_begin(struct spool_writer *writer, uint64_t id)
{
	struct spool_message *message = writer->is_closing ? NULL : calloc(1, sizeof *message);

	if (message == NULL)
		return NULL;
	message->writer = writer;
	message->id = id;
	message->content = evbuffer_new();
	if (message->content == NULL) {
		free(message);
		return NULL;
	}
	writer_expect(message);
	return message;
}

static void
give_back(struct spool_message *message)
{
	message->writer->borrowed -= message->borrowed;
	message->borrowed = 0;
}

void
message_free(struct spool_message *message)
{
	give_back(message);
	if (message->content != NULL)
		evbuffer_free(message->content);
	large_free(&message->large);
	str_free(&message->head);
	free(message);
}

/* Extend the checksum over all of data without moving a byte of it. */
static uint32_t
checksum(uint32_t crc, struct evbuffer *data)
{
	struct evbuffer_iovec part[PEEK_MAX];
	struct evbuffer_ptr at;

	evbuffer_ptr_set(data, &at, 0, EVBUFFER_PTR_SET);
	for (;;) {
		int n = evbuffer_peek(data, -1, &at, part, PEEK_MAX);
		int filled = n < PEEK_MAX ? n : PEEK_MAX;
		size_t len = 0;

		for (int i = 0; i < filled; i++) {
			crc = crc32c(crc, part[i].iov_base, part[i].iov_len);
			len += part[i].iov_len;
		}
		if (n <= PEEK_MAX || evbuffer_ptr_set(data, &at, len, EVBUFFER_PTR_ADD) < 0)
			return crc;
	}
}

static int
move(struct evbuffer *to, struct evbuffer *from)
{
	size_t len = evbuffer_get_length(from);

	if (len >= MOVE_MIN)
		return evbuffer_add_buffer(to, from);

	const void *data = evbuffer_pullup(from, -1);

	if (len == 0)
		return 0;
	if (data == NULL || evbuffer_add(to, data, len) < 0)
		return -1;
	return evbuffer_drain(from, len);
}

/* Whether the content, as long as it is now, may stay in memory. */
static bool
may_stay(struct spool_message *message)
{
	struct spool_writer *writer = message->writer;

	if (message->size <= SPOOL_INLINE_SURE)
		return true;
	if (message->size > SPOOL_INLINE_MAX)
		return false;

	uint64_t more = message->size - SPOOL_INLINE_SURE - message->borrowed;

	if (more > writer->spool->inline_budget - writer->borrowed)
		return false;
	writer->borrowed += more;
	message->borrowed += more;
	return true;
}

/* What is there goes to a file, and so does the rest. */
static int
become_large(struct spool_message *message)
{
	writer_unexpect(message);
	message->large = large_new(message);
	if (message->large == NULL)
		return -1;
	if (large_append(message->writer->filer, message->large, message->content) < 0)
		return -1;
	give_back(message);
	evbuffer_free(message->content);
	message->content = NULL;
	return 0;
}

void
message_count_failure(struct spool_message *message)
{
	struct counters *counters = message->writer->counters;

	if (counters != NULL && !message->is_counted)
		counter_add(&counters->spool_failures, 1);
	message->is_counted = true;
}

static int
fail(struct spool_message *message, int error)
{
	message_count_failure(message);
	message->error = error;
	errno = error;
	return -1;
}

int
spool_message_append(struct spool_message *message, struct evbuffer *content)
{
	if (message->error != 0)
		return fail(message, message->error);
	message->size += evbuffer_get_length(content);
	message->crc = checksum(message->crc, content);
	if (message->large != NULL) {
		if (large_append(message->writer->filer, message->large, content) < 0)
			return fail(message, errno);
		return 0;
	}
	if (move(message->content, content) < 0)
		return fail(message, ENOMEM);
	if (!may_stay(message) && become_large(message) < 0)
		return fail(message, errno);
	return 0;
}

bool
spool_message_is_backlogged(const struct spool_message *message)
{
	return message->large != NULL && message->error == 0 &&
	       large_is_backlogged(message->writer->filer, message->large);
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
	return message->size;
}

/* A record's head is filled in when its place is known; its lines follow in the same piece of
 * memory. */
static int
encode_head(struct spool_message *message, const struct envelope *envelope)
{
	static const char room[RECORD_HEAD];
	struct spool_writer *writer = message->writer;

	str_add(&message->head, room, sizeof room);
	envelope_encode(envelope, &message->head);
	if (str_is_bad(&message->head))
		return ENOMEM;

	size_t len = message->head.len + (message->content != NULL ? message->size : 0);

	if (message->head.len - sizeof room > RECORD_ENVELOPE_MAX ||
	    len + RECORD_ALIGN + SEGMENT_HEAD + SEGMENT_MARK > writer->spool->segment_size)
		return EMSGSIZE;
	return 0;
}

static void
fail_at_once(struct spool_message *message)
{
	writer_unexpect(message);
	writer_done_one(message->writer, message);
}

void
spool_message_commit(struct spool_message *message, const struct envelope *envelope,
    spool_commit_fn *on_commit, void *ctx)
{
	message->on_commit = on_commit;
	message->ctx = ctx;
	message->on_drain = NULL;
	message->is_committed = true;
	if (message->error == 0)
		message->error = encode_head(message, envelope);
	if (message->large != NULL)
		large_finish(message->writer->filer, message->large,
		    message->error == 0 ? LARGE_COMMIT : LARGE_ABORT);
	else if (message->error == 0)
		writer_commit_one(message->writer, message);
	else
		fail_at_once(message);
}

void
spool_message_forget(struct spool_message *message)
{
	message->on_commit = NULL;
}

void
spool_message_abort(struct spool_message **message)
{
	struct spool_message *m = *message;

	if (m == NULL)
		return;
	*message = NULL;
	writer_unexpect(m);
	m->on_drain = NULL;
	m->on_commit = NULL;
	if (m->large == NULL)
		message_free(m);
	else
		large_finish(m->writer->filer, m->large, LARGE_ABORT);
}
