/* SPDX-License-Identifier: ISC */
/*
 * letters.h - the messages of a test and what is known of each: what it holds follows from its
 * number, and every promise that was made of it bears the moment of the trace.
 */
#ifndef CRASH_POWER_LETTERS_H
#define CRASH_POWER_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct envelope;
struct evbuffer;
struct trace;

enum { LETTER_RCPTS = 12 };

#define NEVER SIZE_MAX

/* Moments are numbers of operations in the trace; NEVER: it has not happened. */
struct letter_rcpt {
	size_t done;      /* may be done from then on */
	size_t safe;      /* must not come back from then on */
	uint64_t segment; /* in which that was recorded */
	bool is_failed;   /* so a report goes before */
};

struct letter {
	uint64_t id;
	unsigned number;
	size_t size;
	unsigned nrcpt;
	struct letters *letters;
	size_t begun;
	size_t acked;    /* 250 may have been said: it must be there */
	size_t refused;  /* 452 */
	bool is_aborted; /* never handed over */
	size_t reported; /* a report of it may be done */
	struct letter_rcpt rcpt[LETTER_RCPTS];
};

struct letters {
	struct letter *letter; /* of all that will ever be: pointers stay valid */
	size_t count, room;
	size_t waiting; /* for their answer */
};

void letters_init(struct letters *letters, size_t room);
void letters_free(struct letters *letters);

/* Another one, with a size and recipients as the seed says; NULL when there is no room. */
struct letter *letters_new(struct letters *letters, unsigned *seed);

struct letter *letters_find(const struct letters *letters, uint64_t id);

/* By the mailbox of its sender, which names it in a report; NULL: none. */
struct letter *letters_find_sender(const struct letters *letters, const char *from);

/* Append size octets of its content from `from` on. */
void letter_fill(const struct letter *letter, size_t from, size_t size, struct evbuffer *out);

/* Borrows from static memory: until the next call. */
const struct envelope *letter_envelope(const struct letter *letter);

/* Which recipient it is; abort if the letter has no such. */
unsigned letter_rcpt_index(const struct letter *letter, const char *mailbox);

/* Abort if an envelope or a content is not the letter's; the recipients may be some of its. */
void letter_check_envelope(const struct letter *letter, const struct envelope *envelope);
void letter_check_content(const struct letter *letter, struct evbuffer *content);

/* Outbound has ended: what is done by now must not come back from now on. */
void letters_are_synced(struct letters *letters);

/* Find in the trace since when else what is done must not come back: its segment is dropped. */
void letters_learn_drops(struct letters *letters, const struct trace *trace);

#endif
