/* SPDX-License-Identifier: ISC */
/*
 * test_dot.c - content on the wire.  Beside tables, all short strings of the octets that matter are
 * held against a model that works on the whole text, at every split.
 */
#include "smtp/dot.h"

#include <stdint.h>
#include <string.h>

#include "../unit.h"

enum { TEXT_MAX = 256, ALPHABET = 4, WORD_MAX = 8 };

struct text {
	size_t len;
	char data[TEXT_MAX];
};

struct decoded {
	struct smtp_dot_decoder decoder;
	struct text content;
	size_t used;
};

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

/* Passed millions of times here, where ck_assert() writes a mark to a pipe each time. */
static void
require(bool holds, const char *what)
{
	if (!holds)
		ck_abort_msg("%s", what);
}

static void
append(struct text *text, const char *data, size_t len)
{
	require(text->len + len <= sizeof text->data, "a text is longer than planned");
	memcpy(text->data + text->len, data, len);
	text->len += len;
}

/* Decode one chunk into a buffer of just the documented size; sanitizers see what goes beyond. */
static void
decode_chunk(struct decoded *d, const char *in, size_t len)
{
	size_t out_len = 0;
	char *out = malloc(SMTP_DOT_DECODED_MAX(len));

	require(out != NULL, "out of memory");
	d->used += smtp_dot_decode(&d->decoder, in, len, out, &out_len);
	require(out_len <= SMTP_DOT_DECODED_MAX(len), "more output than documented");
	append(&d->content, out, out_len);
	free(out);
}

/* Decode in two chunks, cut at split. */
static void
decode(struct decoded *d, enum smtp_dot_mode mode, const char *in, size_t len, size_t split)
{
	smtp_dot_decoder_init(&d->decoder, mode);
	d->content.len = 0;
	d->used = 0;
	decode_chunk(d, in, split);
	if (!d->decoder.done)
		decode_chunk(d, in + split, len - split);
}

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

/* Make line ends canonical: CR CR LF, CR LF, CR and LF, the longest first. */
static void
model_canonical(const struct text *in, struct text *out)
{
	static const char *const ends[] = { "\r\r\n", "\r\n", "\r", "\n" };

	for (size_t at = 0; at < in->len;) {
		size_t i = 0;

		while (i < 4 && (strlen(ends[i]) > in->len - at ||
				    memcmp(in->data + at, ends[i], strlen(ends[i])) != 0))
			i++;
		if (i == 4) {
			append(out, in->data + at++, 1);
		} else {
			append(out, "\r\n", 2);
			at += strlen(ends[i]);
		}
	}
}

/* Drop a leading dot from each line that CRLF ends. */
static void
model_unstuff(const struct text *in, struct text *out)
{
	for (size_t at = 0; at < in->len; at++) {
		bool start = at == 0 || (at >= 2 && memcmp(in->data + at - 2, "\r\n", 2) == 0);

		if (!start || in->data[at] != '.')
			append(out, in->data + at, 1);
	}
}

/* The whole content by the words of RFC 5321; returns the octets used, or 0 for no end. */
static size_t
model_decode(const char *in, size_t len, struct text *out)
{
	struct text whole = { .len = 0 }, lines = { .len = 0 }, unstuffed = { .len = 0 };
	const char *end;

	out->len = 0;
	append(&whole, "\r\n", 2);
	append(&whole, in, len);
	end = memmem(whole.data, whole.len, "\r\n.\r\n", 5);
	if (end == NULL)
		return 0;
	append(&lines, in, (size_t)(end - whole.data));
	model_unstuff(&lines, &unstuffed);
	model_canonical(&unstuffed, out);
	return (size_t)(end - whole.data) + 3;
}

static bool
same(const struct text *a, const struct text *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void
make_word(unsigned number, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++, number /= ALPHABET)
		out[i] = "\r\n.a"[number % ALPHABET];
}

static void
check_word(const char *word, size_t len)
{
	struct text want;
	struct decoded d;
	size_t used = model_decode(word, len, &want);

	for (size_t split = 0; split <= len; split++) {
		decode(&d, SMTP_DOT_STUFFED, word, len, split);
		require(d.decoder.done == (used > 0), "the end is not where the model has it");
		if (used == 0)
			continue;
		require(d.used == used, "octets used are not those of the model");
		require(same(&d.content, &want), "content is not that of the model");
	}
}

START_TEST(agrees_with_the_model_on_all_short_words)
{
	char word[WORD_MAX];
	unsigned count = 1;

	for (size_t len = 1; len <= WORD_MAX; len++) {
		count *= ALPHABET;
		for (unsigned i = 0; i < count; i++) {
			make_word(i, len, word);
			check_word(word, len);
		}
	}
}
END_TEST

START_TEST(plain_mode_makes_all_short_words_canonical)
{
	char word[WORD_MAX];
	unsigned count = 1;

	for (size_t len = 1; len < WORD_MAX; len++) {
		count *= ALPHABET;
		for (unsigned i = 0; i < count; i++) {
			struct text in = { .len = 0 }, want = { .len = 0 };
			struct decoded d;
			char rest[4];

			make_word(i, len, word);
			append(&in, word, len);
			model_canonical(&in, &want);
			if (want.data[want.len - 1] != '\n')
				append(&want, "\r\n", 2);
			decode(&d, SMTP_DOT_PLAIN, word, len, len / 2);
			append(&d.content, rest, smtp_dot_finish(&d.decoder, rest));
			require(same(&d.content, &want), "content is not that of the model");
		}
	}
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

/* Encode in two chunks cut at split, and end. */
static void
encode(const char *in, size_t len, size_t split, struct text *out)
{
	struct smtp_dot_encoder encoder = SMTP_DOT_ENCODER_START;
	struct smtp_dot_span span;
	const char *at = in;
	size_t left = split;

	out->len = 0;
	while (smtp_dot_encode(&encoder, &at, &left, &span))
		append(out, span.data, span.len);
	left = len - split;
	while (smtp_dot_encode(&encoder, &at, &left, &span))
		append(out, span.data, span.len);
	span = smtp_dot_end(&encoder);
	append(out, span.data, span.len);
}

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

/* Whatever is accepted goes out so that the next relay reads the very same content. */
START_TEST(decodes_what_it_encoded)
{
	char word[WORD_MAX];
	unsigned count = 1;

	for (size_t len = 1; len < WORD_MAX; len++) {
		count *= ALPHABET;
		for (unsigned i = 0; i < count; i++) {
			struct text in = { .len = 0 }, canonical = { .len = 0 }, wire;
			struct decoded d;

			make_word(i, len, word);
			append(&in, word, len);
			append(&in, "\r\n", 2);
			model_canonical(&in, &canonical);
			encode(canonical.data, canonical.len, canonical.len / 2, &wire);
			decode(&d, SMTP_DOT_STUFFED, wire.data, wire.len, wire.len / 3);
			require(d.decoder.done && d.used == wire.len, "the end is elsewhere");
			require(d.decoder.bare_ends == 0, "a bare line end went out");
			require(same(&d.content, &canonical), "content is not that of the model");
		}
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "decode", ends_where_it_should_at_every_split, nothing_else_ends_it,
	    agrees_with_the_model_on_all_short_words);
	add_tests(suite, "plain", plain_mode_makes_all_short_words_canonical,
	    plain_mode_of_nothing_is_nothing);
	add_tests(suite, "notes", notes_octets_beyond_ascii, notes_nul_and_keeps_it,
	    looks_at_nothing_behind_the_end, measures_the_longest_line);
	add_tests(suite, "encode", encodes_as_the_rfc_says_at_every_split, decodes_what_it_encoded);
}

UNIT_MAIN("smtp/dot")
