/* SPDX-License-Identifier: ISC */
/*
 * fake_spool.h - spool/writer.h in memory, for tests that need it to fail, to be behind, or to
 * answer when told. The last message that was committed is kept for a look.
 */
#ifndef UNIT_LISTENER_FAKE_SPOOL_H
#define UNIT_LISTENER_FAKE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct event_base;
struct spool_writer;

struct fake_spool {
	int begin_fails;                               /* no memory at begin */
	int append_error;                              /* errno for appends; 0: none */
	int commit_error;                              /* errno for commits; 0: none */
	bool holds_commits;                            /* commits wait for fake_spool_release() */
	bool is_behind;                                /* backlogged, until fake_spool_catch_up() */
	unsigned begun, aborted, committed, forgotten; /* messages */
	size_t rcpts;
	char from[512], rcpt[512], last_rcpt[512], client[128], helo[512], listener[64];
	int body;
	struct str envelope; /* its lines */
	char *content;       /* NUL-terminated */
	size_t content_len;
};

struct spool_writer *fake_spool_new(struct event_base *base, struct fake_spool *state);
void fake_spool_free(struct spool_writer **writer);

/* Let the commit that is held go. */
void fake_spool_release(struct spool_writer *writer);
void fake_spool_catch_up(struct spool_writer *writer);

#endif
