/* SPDX-License-Identifier: ISC */
/*
 * message.h - a message on its way into the log, and the inside of its writer.  Only for src/spool.
 *
 * Three threads know a message, one after the other: the event loop while it grows, the file thread
 * (filer.h) if it is large, the segment thread once it is committed; then it comes back to the
 * loop, which calls back and frees it.
 */
#ifndef SPOOL_MESSAGE_H
#define SPOOL_MESSAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/str.h"
#include "spool/gather.h"
#include "spool/segment.h"
#include "spool/trouble.h"
#include "spool/writer.h"

struct event;
struct filer;
struct large;

struct spool_message {
	STAILQ_ENTRY(spool_message) link; /* in waiting, in a group, or in done */
	struct spool_writer *writer;
	uint64_t id;
	uint64_t size;
	uint32_t crc;             /* of the content so far */
	struct evbuffer *content; /* while it is inline */
	uint64_t borrowed;        /* of the writer's budget, beyond SPOOL_INLINE_SURE */
	struct large *large;      /* the file it goes to instead, once it is large */
	unsigned epoch;           /* in which it was begun (gather.h) */
	bool is_expected;         /* counted there */
	bool is_kept;             /* its file in large/ is there already, from an older record */
	bool is_committed;        /* or on its way there */
	bool is_counted;          /* as a failure */
	struct str head;          /* room for a record's head, then the envelope's lines */
	int error;
	uint64_t after; /* its record goes to a later segment than this */
	struct spool_place place;
	spool_commit_fn *on_commit;
	void (*on_drain)(void *ctx);
	void *ctx, *drain_ctx;
};

STAILQ_HEAD(message_list, spool_message);
STAILQ_HEAD(large_list, large);

struct spool_writer {
	struct spool *spool;
	struct counters *counters;
	struct event *event; /* of done_fd */
	int done_fd, wake_fd;
	bool is_closing;   /* the loop's: nothing may begin any more */
	uint64_t borrowed; /* the loop's: of spool->inline_budget, by all messages */
	struct filer *filer;
	pthread_t thread;
	struct segment segment; /* the segment thread's */
	struct trouble trouble; /* of both threads */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;
	struct gather gather; /* of `waiting` */
	struct message_list waiting, done;
	struct large_list drained;
	bool is_stopping, is_rolling;
};

/* A message begins, and may be committed soon; or it will not be, or is about to be. The loop's. */
void writer_expect(struct spool_message *message);
void writer_unexpect(struct spool_message *message);

/* Hand messages to the segment thread, or back to the loop.  Any thread. */
void writer_commit(struct spool_writer *writer, struct message_list *messages);
void writer_commit_one(struct spool_writer *writer, struct spool_message *message);
void writer_done(struct spool_writer *writer, struct message_list *messages);
void writer_done_one(struct spool_writer *writer, struct spool_message *message);
void writer_drained(struct spool_writer *writer, struct large *large);

/* The segment thread (committer.c): a struct spool_writer; runs until is_stopping and nothing
 * waits. */
void *committer_run(void *writer);

void message_free(struct spool_message *message);

/* Count it among spool_failures, once. */
void message_count_failure(struct spool_message *message);

/* Tell the reader's process to look. */
void writer_wake_reader(struct spool_writer *writer);

#endif
