/* SPDX-License-Identifier: ISC */
/* test_dot.c - content on the wire and back, by tables; test_dot_model.c has the exhaustive part.
 */
#include "smtp/dot.h"

#include <stdint.h>
#include <string.h>

#include "../unit.h"
#include "dot_text.h"

struct dot_case {
	const char *in;
	const char *content;
	size_t rest; /* octets behind the end */
	uint64_t bare_ends;
};

/* Each one has an end. */
static const struct dot_case ended[] = {
	{ ".\r\n", "", 0, 0 },
	{ ".\r\nQUIT\r\n", "", 6, 0 },
	{ "\r\n.\r\n", "\r\n", 0, 0 },
	{ "a\r\n.\r\n", "a\r\n", 0, 0 },
	{ "a\r\n.\r\n.\r\n", "a\r\n", 3, 0 },
	{ "a\r\nb\r\n.\r\nRSET\r\n", "a\r\nb\r\n", 6, 0 },
	{ "..\r\n.\r\n", ".\r\n", 0, 0 },
	{ "...\r\n.\r\n", "..\r\n", 0, 0 },
	{ ".a\r\n.\r\n", "a\r\n", 0, 0 },
	{ "a\r\n..b\r\n.c\r\n.\r\n", "a\r\n.b\r\nc\r\n", 0, 0 },
	{ "a.\r\n.\r\n", "a.\r\n", 0, 0 },
	{ "a\nb\r\n.\r\n", "a\r\nb\r\n", 0, 1 },
	{ "a\n\r\n.\r\n", "a\r\n\r\n", 0, 1 },
	{ "a\rb\r\n.\r\n", "a\r\nb\r\n", 0, 1 },
	{ "a\n\rb\r\n.\r\n", "a\r\n\r\nb\r\n", 0, 2 },
	{ "a\r\r\nb\r\n.\r\n", "a\r\nb\r\n", 0, 1 },
	{ "a\r\r\rb\r\n.\r\n", "a\r\n\r\n\r\nb\r\n", 0, 3 },
	{ "a\r\r\r\nb\r\n.\r\n", "a\r\n\r\nb\r\n", 0, 2 },
	{ "a\r\r\n.\r\n", "a\r\n", 0, 1 },
	/* None of these ends before the last line, and what stands behind stays content. */
	{ ".\nx\r\n.\r\n", "\r\nx\r\n", 0, 1 },
	{ ".\rx\r\n.\r\n", "\r\nx\r\n", 0, 1 },
	{ "a\n.\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", 0, 2 },
	{ "a\n.\r\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", 0, 1 },
	{ "a\r\n.\nMAIL\r\n.\r\n", "a\r\n\r\nMAIL\r\n", 0, 1 },
	{ "a\r\n.\rMAIL\r\n.\r\n", "a\r\n\r\nMAIL\r\n", 0, 1 },
	{ "a\r.\rMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", 0, 2 },
	{ "a\r.\r\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", 0, 1 },
	{ "a\r\n.\r\r\nMAIL\r\n.\r\n", "a\r\n\r\nMAIL\r\n", 0, 1 },
	{ "a\n\n.\n\nb\r\n.\r\n", "a\r\n\r\n.\r\n\r\nb\r\n", 0, 4 },
	{ "a\n..b\r\n.\r\n", "a\r\n..b\r\n", 0, 1 },
};

/* What has no end so far: decoding goes on to wait. */
static const char *const unended[] = {
	"",
	".",
	".\r",
	"\r\n",
	"\r\n.",
	"\r\n.\r",
	"a\n.\n",
	"a\n.\r\n",
	"a\r.\r",
	"a\r.\r\n",
	"a\r\n.\n",
	"a\r\n.\r\r\n",
	"..\r\n",
	"\n.\n",
	"\r.\r",
	"\r\n.\r.\r\n",
};

static void
decode_octets(struct decoded *d, enum smtp_dot_mode mode, const char *in, size_t len)
{
	smtp_dot_decoder_init(&d->decoder, mode);
	d->content.len = 0;
	d->used = 0;
	for (size_t i = 0; i < len && !d->decoder.done; i++)
		decode_chunk(d, in + i, 1);
}

static void
check_ended(const struct dot_case *c, const struct decoded *d, size_t split)
{
	size_t want = strlen(c->content);

	ck_assert_msg(d->decoder.done, "no end in '%s' cut at %zu", c->in, split);
	ck_assert_msg(d->used == strlen(c->in) - c->rest, "used %zu of '%s' cut at %zu", d->used,
	    c->in, split);
	ck_assert_msg(d->content.len == want && memcmp(d->content.data, c->content, want) == 0,
	    "'%s' cut at %zu gave '%.*s'", c->in, split, (int)d->content.len, d->content.data);
	ck_assert_msg(d->decoder.bare_ends == c->bare_ends, "bare ends of '%s' cut at %zu: %u",
	    c->in, split, (unsigned)d->decoder.bare_ends);
}

START_TEST(ends_where_it_should_at_every_split)
{
	for (size_t i = 0; i < sizeof ended / sizeof *ended; i++) {
		struct decoded d;
		size_t len = strlen(ended[i].in);

		for (size_t split = 0; split <= len; split++) {
			decode(&d, SMTP_DOT_STUFFED, ended[i].in, len, split);
			check_ended(&ended[i], &d, split);
		}
		decode_octets(&d, SMTP_DOT_STUFFED, ended[i].in, len);
		check_ended(&ended[i], &d, len);
	}
}
END_TEST

START_TEST(nothing_else_ends_it)
{
	for (size_t i = 0; i < sizeof unended / sizeof *unended; i++) {
		size_t len = strlen(unended[i]);

		for (size_t split = 0; split <= len; split++) {
			struct decoded d;

			decode(&d, SMTP_DOT_STUFFED, unended[i], len, split);
			ck_assert_msg(!d.decoder.done, "'%s' cut at %zu ended", unended[i], split);
			ck_assert_uint_eq(d.used, len);
		}
	}
}
END_TEST

/* Were each bare CR a new search for the next LF, this would run into the test's time limit. */
START_TEST(takes_linear_time_for_bare_ends)
{
	enum { LEN = 1 << 20 };
	struct smtp_dot_decoder decoder;
	char *in = malloc(LEN), *out = malloc(SMTP_DOT_DECODED_MAX(LEN));
	size_t out_len;

	ck_assert_ptr_nonnull(in);
	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < LEN; i++)
		in[i] = i % 2 ? '\r' : 'x';
	smtp_dot_decoder_init(&decoder, SMTP_DOT_STUFFED);
	ck_assert_uint_eq(smtp_dot_decode(&decoder, in, LEN, out, &out_len), LEN);
	ck_assert_uint_eq(decoder.bare_ends, LEN / 2 - 1);
	free(in);
	free(out);
}
END_TEST

START_TEST(takes_an_empty_chunk)
{
	struct smtp_dot_decoder decoder;
	size_t out_len = 1;

	smtp_dot_decoder_init(&decoder, SMTP_DOT_STUFFED);
	ck_assert_uint_eq(smtp_dot_decode(&decoder, NULL, 0, NULL, &out_len), 0);
	ck_assert_uint_eq(out_len, 0);
}
END_TEST

START_TEST(plain_mode_of_nothing_is_nothing)
{
	struct smtp_dot_decoder decoder;
	char rest[4];

	smtp_dot_decoder_init(&decoder, SMTP_DOT_PLAIN);
	ck_assert_uint_eq(smtp_dot_finish(&decoder, rest), 0);
}
END_TEST

/* A last line without its end is no odd line end. */
START_TEST(plain_mode_ends_the_last_line)
{
	static const struct {
		const char *in, *rest;
		unsigned bare_ends;
	} cases[] = { { "a\r\n", "", 0 }, { "a", "\r\n", 0 }, { "a\r", "\r\n", 1 },
		{ "a\n", "", 1 }, { "a\r\r", "\r\n\r\n", 2 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_dot_decoder decoder;
		char out[SMTP_DOT_DECODED_MAX(8)], rest[4];
		size_t out_len;

		smtp_dot_decoder_init(&decoder, SMTP_DOT_PLAIN);
		smtp_dot_decode(&decoder, cases[i].in, strlen(cases[i].in), out, &out_len);
		ck_assert_uint_eq(smtp_dot_finish(&decoder, rest), strlen(cases[i].rest));
		ck_assert_mem_eq(rest, cases[i].rest, strlen(cases[i].rest));
		ck_assert_uint_eq(decoder.bare_ends, cases[i].bare_ends);
	}
}
END_TEST

START_TEST(notes_octets_beyond_ascii)
{
	static const char with[] = "0123456789\r\nabc\xC3\xA9 def\r\n.\r\n";
	static const char without[] = "0123456789\r\n~\x7F\r\n.\r\n";
	struct decoded d;

	for (size_t split = 0; split < sizeof with; split++) {
		decode(&d, SMTP_DOT_STUFFED, with, sizeof with - 1, split);
		ck_assert(d.decoder.has_8bit);
	}
	decode(&d, SMTP_DOT_STUFFED, without, sizeof without - 1, 0);
	ck_assert(!d.decoder.has_8bit);
}
END_TEST

START_TEST(notes_nul_and_keeps_it)
{
	static const char in[] = "a\0b\r\n.\r\n";
	struct decoded d;

	for (size_t split = 0; split < sizeof in; split++) {
		decode(&d, SMTP_DOT_STUFFED, in, sizeof in - 1, split);
		ck_assert(d.decoder.has_nul);
		ck_assert_uint_eq(d.content.len, 5);
		ck_assert_mem_eq(d.content.data, in, 5);
	}
}
END_TEST

START_TEST(looks_at_nothing_behind_the_end)
{
	static const char in[] = "a\r\n.\r\n\0\xFF";
	struct decoded d;

	decode(&d, SMTP_DOT_STUFFED, in, sizeof in - 1, 0);
	ck_assert(!d.decoder.has_nul);
	ck_assert(!d.decoder.has_8bit);
}
END_TEST

START_TEST(measures_the_longest_line)
{
	static const struct {
		const char *in;
		size_t longest;
	} cases[] = {
		{ ".\r\n", 0 },
		{ "\r\n.\r\n", 0 },
		{ "abc\r\nab\r\n.\r\n", 3 },
		{ "ab\r\nabcd\r\n.\r\n", 4 },
		{ "..ab\r\n.\r\n", 3 },
		{ "abc\nabcde\rab\r\n.\r\n", 5 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].in);

		for (size_t split = 0; split <= len; split++) {
			struct decoded d;

			decode(&d, SMTP_DOT_STUFFED, cases[i].in, len, split);
			ck_assert_msg(d.decoder.longest_line == cases[i].longest,
			    "'%s' cut at %zu: %zu", cases[i].in, split, d.decoder.longest_line);
		}
	}
}
END_TEST

START_TEST(encodes_as_the_rfc_says_at_every_split)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", ".\r\n" },
		{ "\r\n", "\r\n.\r\n" },
		{ ".\r\n", "..\r\n.\r\n" },
		{ "..\r\n", "...\r\n.\r\n" },
		{ "a\r\n", "a\r\n.\r\n" },
		{ "a", "a\r\n.\r\n" },
		{ ".", "..\r\n.\r\n" },
		{ "a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n" },
		{ "a.b\r\n.c\r\n\r\n.\r\n.\r\n", "a.b\r\n..c\r\n\r\n..\r\n..\r\n.\r\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].in);

		for (size_t split = 0; split <= len; split++) {
			struct text out;

			encode(cases[i].in, len, split, &out);
			ck_assert_msg(out.len == strlen(cases[i].out) &&
					  memcmp(out.data, cases[i].out, out.len) == 0,
			    "'%s' cut at %zu gave '%.*s'", cases[i].in, split, (int)out.len,
			    out.data);
		}
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "decode", ends_where_it_should_at_every_split, nothing_else_ends_it,
	    takes_linear_time_for_bare_ends, takes_an_empty_chunk, plain_mode_of_nothing_is_nothing,
	    plain_mode_ends_the_last_line);
	add_tests(suite, "notes", notes_octets_beyond_ascii, notes_nul_and_keeps_it,
	    looks_at_nothing_behind_the_end, measures_the_longest_line);
	add_tests(suite, "encode", encodes_as_the_rfc_says_at_every_split);
}

UNIT_MAIN("smtp/dot")
