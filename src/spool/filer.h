/* SPDX-License-Identifier: ISC */
/*
 * filer.h - the file thread of a writer: streams large contents to large/ID.PID.part, and when it
 * has nothing else to do makes a spare segment ready.  Calls that take a struct large are the event
 * loop's.  Only for src/spool.
 */
#ifndef SPOOL_FILER_H
#define SPOOL_FILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct evbuffer;
struct filer;
struct spool_message;
struct spool_writer;

/* So many octets may wait for the disk before the sender of a message is asked to pause. */
enum { LARGE_BACKLOG_MAX = 256 * 1024, LARGE_BACKLOG_LOW = 64 * 1024 };

enum large_wish { LARGE_GROW, LARGE_COMMIT, LARGE_ABORT };

struct large {
	STAILQ_ENTRY(large) link;         /* in the filer's queue */
	STAILQ_ENTRY(large) drained_link; /* in the writer's list */
	struct spool_message *message;
	int fd; /* the file thread's */
	bool is_named;
	uint64_t written; /* the file thread's */

	/* Guarded by the filer. */
	struct evbuffer *pending;
	size_t backlog; /* octets handed over and not yet written */
	enum large_wish wish;
	bool is_queued, is_paused;
	int error;

	bool is_drained; /* guarded by the writer: it stands in the writer's list */
};

struct filer *filer_new(struct spool_writer *writer);

/* Finish everything that was handed over and end the thread; what is begun and not finished stays
 * as it is. */
void filer_finish(struct filer *filer);
void filer_free(struct filer **filer);

struct large *large_new(struct spool_message *message);
void large_free(struct large **large);

/* Move all of data to the file: 0, or -1 and errno if an earlier part could not be written. */
int large_append(struct filer *filer, struct large *large, struct evbuffer *data);

/* Commit it (the message then goes on to the segment thread, or to done with its error), or abort
 * it (it goes to done). */
void large_finish(struct filer *filer, struct large *large, enum large_wish wish);

/* Whether LARGE_BACKLOG_MAX is passed; asking so makes the writer call on_drain later. */
bool large_is_backlogged(struct filer *filer, struct large *large);

/* A spare segment should be made if there is none and one is allowed.  Any thread. */
void filer_prepare(struct filer *filer);

#endif
