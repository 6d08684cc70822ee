/* SPDX-License-Identifier: ISC */
/*
 * reader.h - follow the log from its oldest segment on: recovery and normal work are the same loop.
 * Blocking reads, from the page cache as a rule.  Damage is reported (log, damaged/, counter) and
 * skipped.
 */
#ifndef SPOOL_READER_H
#define SPOOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/writer.h"

struct counters;
struct envelope;
struct evbuffer;
struct spool;
struct spool_reader;

/* One message, as found. */
struct spool_record {
	uint64_t id;
	struct spool_place place;
	uint32_t record_len; /* bytes that the record takes in its segment */
	uint64_t content_len;
	bool is_large;             /* the content lies in large/ */
	struct envelope *envelope; /* the receiver of the record frees it */
};

struct spool_reader *spool_reader_new(struct spool *spool, struct counters *counters);
void spool_reader_free(struct spool_reader **reader);

enum spool_next {
	SPOOL_NEXT_RECORD,
	SPOOL_NEXT_WAIT,  /* nothing more is committed: wait for the eventfd */
	SPOOL_NEXT_ERROR, /* errno: try again later; nothing was skipped, but not all was read */
};

/*
 * The next committed message, in the order of the log.  Segments that have just been entered and
 * those that have ended are told by the two callbacks below, in order with the records.
 */
enum spool_next spool_reader_next(struct spool_reader *reader, struct spool_record *record);

/* Whether, when it had to wait, it waited for a segment that cannot be opened, or for outcomes that
 * cannot be read: ask again in a second, for nobody wakes then. */
bool spool_reader_is_stuck(const struct spool_reader *reader);

struct spool_reader_events {
	/* The first look into a segment: load its outcomes now (outcome.h).  *reach, 0 before,
	 * becomes the highest offset that they name: records are known to have stood up to there.
	 * 0; or -1 and errno: they cannot be read, so nothing of the segment is given, and it is
	 * asked for them again later. */
	int (*on_segment)(void *ctx, uint64_t segment, uint32_t *reach);
	/* The segment has no writer any more and was read to its end at `size` bytes: it can be
	 * dropped when all of it is done. */
	void (*on_sealed)(void *ctx, uint64_t segment, uint32_t size);
};

void
spool_reader_on(struct spool_reader *reader, const struct spool_reader_events *events, void *ctx);

/* How many records a segment holds, of messages that are done, too: as many as can be read. */
uint32_t spool_count_records(const struct spool *spool, uint64_t segment);

/*
 * Read a message's envelope again, or its content.  The content is checked against its CRC before a
 * byte of it is given away; inline content is added to out whole; for large content *fd is an open
 * file to be read from (close it) and nothing is added.  0; 1 when the record is damaged (already
 * reported and set aside); -1 and errno when it cannot be read now.
 */
int
spool_read_envelope(struct spool *spool, const struct spool_place *place, struct envelope **out);
int spool_read_content(struct spool *spool, const struct spool_place *place, struct evbuffer *out,
    int *fd, uint64_t *len);

/*
 * For many envelopes, one by one: as spool_read_envelope(), but the segment stays open for the
 * next. Close it before the event loop goes on, for an open file takes its room on the disk.
 */
struct spool_look {
	struct spool *spool;
	uint64_t segment;
	int fd; /* -1: none is open */
};

void spool_look_begin(struct spool_look *look, struct spool *spool);
int spool_look_at(struct spool_look *look, const struct spool_place *place, struct envelope **out);
void spool_look_end(struct spool_look *look);

#endif
