/* SPDX-License-Identifier: ISC */
/*
 * writer.h - append messages to the log; know when they are safe.
 *
 * A handle collects one message.  Up to SPOOL_INLINE_SURE its content stays in memory and goes into
 * the segment.  Up to SPOOL_INLINE_MAX it may: while all messages of the writer together hold no
 * more than SPOOL_INLINE_BUDGET beyond what is sure to each.  Else, and beyond, it streams to
 * large/ on a thread of the writer, with at most LARGE_BACKLOG_MAX in memory.  Commit hands it over
 * to the writer thread, which puts all messages that are waiting into the segment with one write
 * and one fdatasync, and then calls back on the event loop. 250 may be said from that callback
 * only.
 */
#ifndef SPOOL_WRITER_H
#define SPOOL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counters;
struct envelope;
struct event_base;
struct evbuffer;
struct spool;
struct spool_writer;
struct spool_message;

/* A segment's number has no more bits than that, so that a place can be packed into 64. */
enum { SPOOL_NUMBER_BITS = 40 };

/* Where a committed message lies. */
struct spool_place {
	uint64_t segment; /* below 2^SPOOL_NUMBER_BITS */
	uint32_t offset;  /* of its record */
};

/*
 * Claim a slot of the board (EAGAIN: all are taken) and start the threads, in which no signal is
 * taken.  counters may be NULL; wake_fd, if not -1, is an eventfd that is written after every
 * commit, so that the reader (in another process) looks.  NULL and errno on failure.  The first
 * segment is opened with the first commit.
 */
struct spool_writer *spool_writer_new(
    struct spool *spool, struct event_base *base, int wake_fd, struct counters *counters);

/*
 * The same for a writer of which little is asked: its segments grow as they are written, so that
 * they take no more of the disk than they hold; each commit waits for the journal.
 */
struct spool_writer *spool_writer_new_lean(
    struct spool *spool, struct event_base *base, int wake_fd, struct counters *counters);

/* The number of the segment that it writes, 0: none. */
uint64_t spool_writer_segment(const struct spool_writer *writer);

/* Seal that segment; what is committed from now on goes to another. */
void spool_writer_roll(struct spool_writer *writer);

/*
 * All messages that were begun must have been committed or aborted; callbacks may not begin others.
 * Finish what was handed over, run the callbacks, seal the segment, end the threads.  Blocks for
 * the last fdatasync: only for a process that is about to leave.
 */
void spool_writer_free(struct spool_writer **writer);

/* The writer's slot: the tag of ids made by this process. */
unsigned spool_writer_tag(const struct spool_writer *writer);

/* Begin a message of this id.  NULL: out of memory, or the writer is being freed. */
struct spool_message *spool_message_begin(struct spool_writer *writer, uint64_t id);

/*
 * Move all of `content` (canonical: CRLF lines, not dot-stuffed) to the end of the message.
 * It must be memory of plain evbuffers (no references, no file segments): other threads read and
 * free it. -1 and errno once the message cannot be kept (ENOSPC, EIO, ENOMEM, ...); then only abort
 * is left.
 */
int spool_message_append(struct spool_message *message, struct evbuffer *content);

/*
 * Instead of append: the content is that of the older message at `place`.  Inline content is
 * checked as spool_read_content() does and copied (outside the budget); the file of large content
 * stays where it is, unread, and the new record names it too, so do not drop it, and begin the
 * message with the id of the old one.  The copy will stand in a later segment, so that recovery
 * meets it after the old one, and it counts.  0; 1 when the old record is damaged; -1 and errno.
 * Unless 0, only abort is left.
 */
int spool_message_take(struct spool_message *message, const struct spool_place *place);

/* Whether so much is waiting to be written to large/ that the sender should pause; on_drain is
 * called when it may go on. */
bool spool_message_is_backlogged(const struct spool_message *message);
void spool_message_on_drain(struct spool_message *message, void (*on_drain)(void *ctx), void *ctx);

/* Octets appended so far. */
uint64_t spool_message_size(const struct spool_message *message);

/*
 * error is 0 once the message is durable at `place`, or else an errno value and the message is gone
 * from the log (the writer has cut it off).
 */
typedef void spool_commit_fn(void *ctx, int error, const struct spool_place *place);

/*
 * Takes the message.  on_commit is called once, on the event loop, never from within this call. The
 * caller may go away before that: spool_message_forget() makes the callback not happen, while the
 * message is kept all the same.
 */
void spool_message_commit(struct spool_message *message, const struct envelope *envelope,
    spool_commit_fn *on_commit, void *ctx);
void spool_message_forget(struct spool_message *message);

/* Takes the message and drops it, at any time before commit; NULL-safe. */
void spool_message_abort(struct spool_message **message);

#endif
