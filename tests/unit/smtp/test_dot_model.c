/* SPDX-License-Identifier: ISC */
/*
 * test_dot_model.c - all short words of the octets that matter to dot.c, held at every split
 * against a model that works on the whole text.
 */
#include <string.h>

#include "../unit.h"
#include "dot_text.h"

enum { ALPHABET = 4, WORD_MAX = 8 };

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
	add_tests(suite, "model", agrees_with_the_model_on_all_short_words,
	    plain_mode_makes_all_short_words_canonical, decodes_what_it_encoded);
}

UNIT_MAIN("smtp/dot_model")
