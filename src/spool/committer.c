/* SPDX-License-Identifier: ISC */
/*
 * committer.c - the segment thread: takes every message that waits and makes them durable together.
 * While it is in fdatasync the next ones gather, and a group is held back for those that are about
 * to come (gather.h); so it grows with the load, and a lone message waits for one sync.
 */
#include "config.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "spool/filer.h"
#include "spool/message.h"
#include "spool/name.h"
#include "spool/record.h"
#include "spool/spool.h"

/* So long may one write be: it bounds how long the first of a group waits for the last. */
enum {
	GROUP_MAX = 8 * 1024 * 1024,
	PREPARE_PARTS = 8, /* after each eighth of a segment there should be a spare */
};

struct group {
	struct message_list messages;
	struct iovec *iov; /* kept from group to group */
	int count, size;
	uint32_t len;
	unsigned number;
};

static void
fill_record(const struct spool_message *message, const struct segment *segment, uint32_t offset,
    struct record *record)
{
	*record = (struct record){
		.segment = segment->number,
		.offset = offset,
		.type = message->content != NULL ? RECORD_INLINE : RECORD_LARGE,
		.id = message->id,
		.content_len = message->size,
		.content_crc = message->crc,
		.envelope_len = (uint32_t)(message->head.len - RECORD_HEAD),
		.durable = segment->end,
	};
	record->envelope_crc = record_envelope_crc(
	    record->segment, offset, message->head.data + RECORD_HEAD, record->envelope_len);
}

static int
reserve(struct group *group, int more)
{
	if (group->size - group->count >= more)
		return 0;

	int size = (group->count + more) * 2;
	struct iovec *iov = reallocarray(group->iov, (size_t)size, sizeof *iov);

	if (iov == NULL)
		return -1;
	group->iov = iov;
	group->size = size;
	return 0;
}

/* The message's record as pieces of the group's one write: head, content as it lies in memory,
 * padding. */
static int
add_pieces(struct group *group, struct spool_message *message, const struct record *record)
{
	static char padding[RECORD_ALIGN];
	size_t used = message->head.len + record_inline_len(record);
	int parts = 0;

	if (message->content != NULL)
		parts = evbuffer_peek(message->content, -1, NULL, NULL, 0);
	/* The last one is for the mark. */
	if (parts < 0 || reserve(group, parts + 2 + 1) < 0)
		return -1;

	struct iovec *iov = group->iov + group->count;

	*iov++ = (struct iovec){ message->head.data, message->head.len };
	if (parts > 0)
		evbuffer_peek(message->content, -1, NULL, iov, parts);
	iov[parts] = (struct iovec){ padding, record_size(record) - used };
	group->count += parts + 2;
	return 0;
}

/* Whether the message found room in the group, and may go there; one that memory is short for is
 * taken out with its error. */
static bool
add(struct group *group, struct spool_message *message, const struct segment *segment)
{
	uint32_t offset = segment->end + group->len;
	struct record record;

	if (message->after >= segment->number)
		return false;
	fill_record(message, segment, offset, &record);
	if (group->len + record_size(&record) > segment_room(segment))
		return false;
	if (group->len > 0 && group->len + record_size(&record) > GROUP_MAX)
		return false;
	group->number++;
	if (add_pieces(group, message, &record) < 0) {
		message->error = ENOMEM;
		return true;
	}
	record_encode(&record, (unsigned char *)message->head.data);
	message->place = (struct spool_place){ segment->number, offset };
	group->len += (uint32_t)record_size(&record);
	return true;
}

static void
gather(struct group *group, const struct segment *segment, struct message_list *from)
{
	struct spool_message *message;

	STAILQ_INIT(&group->messages);
	group->count = 0;
	group->len = 0;
	group->number = 0;
	while ((message = STAILQ_FIRST(from)) != NULL && add(group, message, segment)) {
		STAILQ_REMOVE_HEAD(from, link);
		STAILQ_INSERT_TAIL(&group->messages, message, link);
	}
}

/* Give every message its error; the content of a large one that was lost is in nobody's way any
 * more. */
static void
fail_all(struct spool_writer *writer, struct message_list *messages, int error)
{
	struct spool_message *message;

	STAILQ_FOREACH(message, messages, link)
	{
		char name[NAME_SIZE];

		if (message->error == 0)
			message->error = error;
		if (message->error == 0 || message->large == NULL || message->is_kept)
			continue;
		name_large(message->id, name);
		writer->spool->disk->unlinkat(writer->spool->large, name, 0);
	}
}

/* The next segment will be needed some day: have a spare made, but not while a few messages a day
 * are all that comes. */
static void
prepare(struct spool_writer *writer, uint32_t before)
{
	uint64_t part = writer->spool->segment_size / PREPARE_PARTS;
	uint32_t end = writer->segment.end;

	if (!writer->segment.is_lean && end / part != before / part)
		filer_prepare(writer->filer);
}

static void
commit_group(struct spool_writer *writer, struct group *group)
{
	struct segment *segment = &writer->segment;
	uint32_t before = segment->end;
	int error = 0;

	if (group->len > 0 && segment_append(segment, group->iov, group->count, group->len) < 0)
		error = errno;
	trouble_note(&writer->trouble, writer->segment.number, error);
	fail_all(writer, &group->messages, error);
	if (error == 0 && writer->counters != NULL)
		counter_add(&writer->counters->spool_groups, 1);
	writer_done(writer, &group->messages);
	writer_wake_reader(writer);
	prepare(writer, before);
}

static void
finish_segment(struct spool_writer *writer)
{
	if (segment_finish(&writer->segment) < 0)
		log_warning("segment_not_sealed", log_d("segment", writer->segment.number),
		    log_s("why", strerror(errno)));
}

/* Somebody took the file away: what was in it is lost, and nothing more may be. */
static bool
is_removed(const struct spool_writer *writer)
{
	if (writer->segment.fd < 0 || !disk_is_removed(writer->segment.fd))
		return false;
	log_error("segment_removed", log_d("segment", writer->segment.number),
	    log_s("means", "somebody removed its file: what waits in it cannot be sent"));
	return true;
}

/* A segment with room for the first message: 0, or the errno value. */
static int
ready_segment(struct spool_writer *writer, bool is_full)
{
	if (is_full || is_removed(writer))
		finish_segment(writer);
	if (writer->segment.fd >= 0)
		return 0;
	return segment_start(&writer->segment) < 0 ? errno : 0;
}

static void
commit_all(struct spool_writer *writer, struct group *group, struct message_list *messages)
{
	bool is_full = false;

	while (!STAILQ_EMPTY(messages)) {
		int error = ready_segment(writer, is_full);

		if (error != 0) {
			trouble_note(&writer->trouble, writer->segment.number, error);
			fail_all(writer, messages, error);
			writer_done(writer, messages);
			return;
		}
		gather(group, &writer->segment, messages);
		/* What spool_message_commit() let through fits in an empty segment, and a new one
		 * is later than all others, so this ends. */
		is_full = group->number == 0;
		if (!is_full)
			commit_group(writer, group);
	}
}

/* With the lock held, which it drops meanwhile. */
static void
hold_back(struct spool_writer *writer)
{
	int64_t now = clock_mono_us(), left;

	while (!writer->is_stopping && (left = gather_hold(&writer->gather, now)) > 0) {
		const struct timespec end = {
			.tv_sec = (time_t)((now + left) / 1000000),
			.tv_nsec = (long)((now + left) % 1000000) * 1000,
		};

		pthread_cond_timedwait(&writer->work, &writer->lock, &end);
		now = clock_mono_us();
	}
}

/* The last group took cost_us.  False: there will be nothing more to do. */
static bool
take(struct spool_writer *writer, struct message_list *messages, int64_t cost_us, bool *is_rolling)
{
	pthread_mutex_lock(&writer->lock);
	gather_learn(&writer->gather, cost_us);
	while (STAILQ_EMPTY(&writer->waiting) && !writer->is_stopping && !writer->is_rolling)
		pthread_cond_wait(&writer->work, &writer->lock);
	*is_rolling = writer->is_rolling;
	writer->is_rolling = false;
	hold_back(writer);
	gather_take(&writer->gather, clock_mono_us());
	STAILQ_CONCAT(messages, &writer->waiting);
	pthread_mutex_unlock(&writer->lock);
	return *is_rolling || !STAILQ_EMPTY(messages);
}

void *
committer_run(void *ctx)
{
	struct spool_writer *writer = ctx;
	struct message_list messages = STAILQ_HEAD_INITIALIZER(messages);
	struct group group = { .iov = NULL };
	int64_t cost_us = 0;
	bool is_rolling;

	while (take(writer, &messages, cost_us, &is_rolling)) {
		cost_us = clock_mono_us();
		if (is_rolling) {
			finish_segment(writer);
			writer_wake_reader(writer);
		}
		commit_all(writer, &group, &messages);
		cost_us = clock_mono_us() - cost_us;
	}
	finish_segment(writer);
	writer_wake_reader(writer);
	free(group.iov);
	return NULL;
}
