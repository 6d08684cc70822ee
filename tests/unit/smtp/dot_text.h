/* SPDX-License-Identifier: ISC */
/* dot_text.h - for the tests of dot.c: texts, decoded and encoded in two chunks. */
#ifndef TESTS_SMTP_DOT_TEXT_H
#define TESTS_SMTP_DOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../unit.h"
#include "smtp/dot.h"

enum { TEXT_MAX = 256 };

struct text {
	size_t len;
	char data[TEXT_MAX];
};

struct decoded {
	struct smtp_dot_decoder decoder;
	struct text content;
	size_t used;
};

/* Passed millions of times here, where ck_assert() writes a mark to a pipe each time. */
static inline void
require(bool holds, const char *what)
{
	if (!holds)
		ck_abort_msg("%s", what);
}

static inline void
append(struct text *text, const char *data, size_t len)
{
	require(text->len + len <= sizeof text->data, "a text is longer than planned");
	memcpy(text->data + text->len, data, len);
	text->len += len;
}

/* Decode one chunk into a buffer of just the documented size; sanitizers see what goes beyond. */
static inline void
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
static inline void
decode(struct decoded *d, enum smtp_dot_mode mode, const char *in, size_t len, size_t split)
{
	smtp_dot_decoder_init(&d->decoder, mode);
	d->content.len = 0;
	d->used = 0;
	decode_chunk(d, in, split);
	if (!d->decoder.done)
		decode_chunk(d, in + split, len - split);
}

/* Encode in two chunks cut at split, and end. */
static inline void
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

#endif
