/* SPDX-License-Identifier: ISC */
/* letters.c - see letters.h.  Contents are stretches of one pool of random text, so that comparing
 * them is cheap and no two are alike. */
#include "config.h"

#include "letters.h"

#include <check.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "spool/envelope.h"
#include "trace.h"

enum { POOL = 1 << 20, LARGEST = 300 * 1024, MAILBOX = 64, NAMELESS = 11, EIGHTBIT = 7 };

static char pool[POOL];

static void
fill_pool(void)
{
	uint32_t state = 1;

	for (size_t i = 0; i < POOL; i++) {
		state = state * 1664525 + 1013904223;
		pool[i] = (char)(' ' + (state >> 16) % 90);
	}
}

void
letters_init(struct letters *letters, size_t room)
{
	if (pool[0] == '\0')
		fill_pool();
	*letters =
	    (struct letters){ .letter = calloc(room, sizeof *letters->letter), .room = room };
	ck_assert_ptr_nonnull(letters->letter);
}

void
letters_free(struct letters *letters)
{
	free(letters->letter);
	letters->letter = NULL;
}

/* Small ones mostly; what is over 64 KiB goes to a file. */
static size_t
draw_size(unsigned *seed)
{
	static const struct {
		unsigned chance; /* in 100, with those before */
		size_t size;
	} row[] = {
		{ 15, 100 },
		{ 65, 4 * 1024 },
		{ 88, 20 * 1024 },
		{ 93, 64 * 1024 },
		{ 98, 120 * 1024 },
		{ 100, LARGEST },
	};
	unsigned draw = (unsigned)rand_r(seed) % 100;
	size_t i = 0;

	while (draw >= row[i].chance)
		i++;
	return (size_t)rand_r(seed) % row[i].size;
}

struct letter *
letters_new(struct letters *letters, unsigned *seed)
{
	if (letters->count == letters->room)
		return NULL;

	struct letter *letter = &letters->letter[letters->count];
	/* The count makes ids unique; the time grows with them, as it does with real ones. */
	int64_t ms = 1700000000000 + (int64_t)letters->count;

	*letter = (struct letter){
		.id = (uint64_t)ms << 20 | letters->count % 0xffff,
		.number = (unsigned)letters->count++,
		.size = draw_size(seed),
		.nrcpt = rand_r(seed) % 4 != 0 ? 1 : 1 + (unsigned)rand_r(seed) % LETTER_RCPTS,
		.letters = letters,
		.begun = trace_now(),
		.acked = NEVER,
		.refused = NEVER,
		.reported = NEVER,
	};
	for (unsigned i = 0; i < letter->nrcpt; i++)
		letter->rcpt[i] = (struct letter_rcpt){ .done = NEVER, .safe = NEVER };
	return letter;
}

static int
compare_id(const void *id, const void *letter)
{
	uint64_t a = *(const uint64_t *)id, b = ((const struct letter *)letter)->id;

	return (a > b) - (a < b);
}

struct letter *
letters_find(const struct letters *letters, uint64_t id)
{
	return bsearch(&id, letters->letter, letters->count, sizeof *letters->letter, compare_id);
}

struct letter *
letters_find_sender(const struct letters *letters, const char *from)
{
	unsigned number;

	if (sscanf(from, "s%u@app.example", &number) != 1 || number >= letters->count)
		return NULL;
	return &letters->letter[number];
}

static const char *
content(const struct letter *letter)
{
	return pool + letter->number * 7919u % (POOL - LARGEST);
}

void
letter_fill(const struct letter *letter, size_t from, size_t size, struct evbuffer *out)
{
	ck_assert_int_eq(evbuffer_add(out, content(letter) + from, size), 0);
}

const struct envelope *
letter_envelope(const struct letter *letter)
{
	static char from[MAILBOX], helo[MAILBOX], rcpt[LETTER_RCPTS][MAILBOX];
	static char client[] = "127.0.0.1:40000", listener[] = "local", nobody[] = "";
	static char *rcpts[LETTER_RCPTS];
	static struct envelope envelope;

	snprintf(from, sizeof from, "s%u@app.example", letter->number);
	snprintf(helo, sizeof helo, "app%u", letter->number);
	for (unsigned i = 0; i < letter->nrcpt; i++) {
		snprintf(rcpt[i], sizeof rcpt[i], "r%u.%u@far.example", i, letter->number);
		rcpts[i] = rcpt[i];
	}
	envelope = (struct envelope){
		.id = letter->id,
		.received_ms = id_time_ms(letter->id),
		.client = client,
		.helo = helo,
		.listener = listener,
		.from = letter->number % NAMELESS == 0 ? nobody : from,
		.rcpt = rcpts,
		.nrcpt = letter->nrcpt,
		.body = letter->number % EIGHTBIT == 0 ? ENVELOPE_8BITMIME : ENVELOPE_7BIT,
	};
	return &envelope;
}

unsigned
letter_rcpt_index(const struct letter *letter, const char *mailbox)
{
	unsigned i, number;

	ck_assert_int_eq(sscanf(mailbox, "r%u.%u@far.example", &i, &number), 2);
	ck_assert_uint_eq(number, letter->number);
	ck_assert_uint_lt(i, letter->nrcpt);
	return i;
}

void
letter_check_envelope(const struct letter *letter, const struct envelope *envelope)
{
	const struct envelope *mine = letter_envelope(letter);
	uint32_t seen = 0;

	ck_assert_uint_eq(envelope->id, mine->id);
	ck_assert_int_eq(envelope->received_ms, mine->received_ms);
	ck_assert_str_eq(envelope->client, mine->client);
	ck_assert_str_eq(envelope->helo, mine->helo);
	ck_assert_str_eq(envelope->listener, mine->listener);
	ck_assert_str_eq(envelope->from, mine->from);
	ck_assert_int_eq(envelope->body, mine->body);
	ck_assert(!envelope->is_report);
	ck_assert_uint_ge(envelope->nrcpt, 1);
	for (size_t i = 0; i < envelope->nrcpt; i++) {
		uint32_t bit = UINT32_C(1) << letter_rcpt_index(letter, envelope->rcpt[i]);

		ck_assert_uint_eq(seen & bit, 0);
		seen |= bit;
	}
}

void
letter_check_content(const struct letter *letter, struct evbuffer *text)
{
	ck_assert_uint_eq(evbuffer_get_length(text), letter->size);
	if (letter->size > 0 &&
	    memcmp(evbuffer_pullup(text, -1), content(letter), letter->size) != 0)
		ck_abort_msg("the content of letter %u is another's", letter->number);
}

void
letters_are_synced(struct letters *letters)
{
	size_t moment = trace_now();

	for (size_t n = 0; n < letters->count; n++)
		for (unsigned i = 0; i < letters->letter[n].nrcpt; i++) {
			struct letter_rcpt *rcpt = &letters->letter[n].rcpt[i];

			if (rcpt->done <= moment && rcpt->safe > moment)
				rcpt->safe = moment;
		}
}

static void
learn_drop(struct letters *letters, uint64_t segment, size_t at)
{
	for (size_t n = 0; n < letters->count; n++)
		for (unsigned i = 0; i < letters->letter[n].nrcpt; i++) {
			struct letter_rcpt *rcpt = &letters->letter[n].rcpt[i];

			if (rcpt->done <= at && rcpt->segment == segment && rcpt->safe > at)
				rcpt->safe = at;
		}
}

void
letters_learn_drops(struct letters *letters, const struct trace *trace)
{
	for (size_t at = 0; at < trace->count; at++) {
		const struct trace_op *op = &trace->op[at];
		unsigned long long segment;
		int end = 0;

		if ((op->kind == TRACE_UNLINK || op->kind == TRACE_RENAME) &&
		    op->dir == TRACE_LOG && sscanf(op->name, "%16llx.seg%n", &segment, &end) == 1 &&
		    end > 0)
			learn_drop(letters, segment, at);
	}
}
