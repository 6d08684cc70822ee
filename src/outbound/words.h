/* SPDX-License-Identifier: ISC */
/*
 * words.h - why a message was deferred last, in full: from the table of reasons, or from the disk
 * when there were too many different replies for it.
 */
#ifndef OUTBOUND_WORDS_H
#define OUTBOUND_WORDS_H

struct queue_item;
struct reasons;
struct spool;
struct words;

/* Borrows both.  NULL: out of memory. */
struct words *words_new(const struct reasons *reasons, struct spool *spool);
void words_free(struct words **words);

/* Valid until the next call; NULL: it was not deferred yet. */
const char *words_of(struct words *words, const struct queue_item *item);

#endif
