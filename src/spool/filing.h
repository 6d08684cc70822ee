/* SPDX-License-Identifier: ISC */
/* filing.h - the files of large messages, as the file thread makes them.  Only for src/spool. */
#ifndef SPOOL_FILING_H
#define SPOOL_FILING_H

struct evbuffer;
struct large;
struct large_list;
struct spool;

/* Append all of data to the message's file, which is made with the first: 0, or the errno value. */
int filing_write(const struct spool *spool, struct large *large, struct evbuffer *data);

/*
 * Make the files of all of them durable under their final names.  Those that have an error (or get
 * one, which is kept in large->error) lose their files instead.  All are closed.
 */
void filing_finish(const struct spool *spool, struct large_list *batch);

#endif
