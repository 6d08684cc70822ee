/* SPDX-License-Identifier: ISC */
/*
 * dot.h - message content on the wire (RFC 5321 4.5.2) and back: dots stuffed, canonical line ends.
 * Only CRLF "." CRLF ends content, at its very start "." CRLF too; a bare CR or LF never does, it
 * is made CRLF.
 */
#ifndef SMTP_DOT_H
#define SMTP_DOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the decoder reads. */
enum smtp_dot_mode {
	SMTP_DOT_STUFFED, /* what follows DATA: dots are unstuffed, the lone dot ends it */
	SMTP_DOT_PLAIN    /* a file or pipe: only line ends are made canonical */
};

/* The fields up to the blank line are for the caller to read, at any time. */
struct smtp_dot_decoder {
	bool done; /* the end was seen: all octets after it are of the next command */
	bool has_nul;
	bool has_8bit;       /* any octet >= 0x80 */
	size_t longest_line; /* octets without CRLF */
	uint64_t bare_ends;  /* line ends that were not CRLF */

	enum smtp_dot_mode mode;
	unsigned state;
	size_t line_len;
};

/* How large out must be for a chunk of n octets. */
#define SMTP_DOT_DECODED_MAX(n) (2 * (n) + 4)

void smtp_dot_decoder_init(struct smtp_dot_decoder *decoder, enum smtp_dot_mode mode);

/*
 * Decode a chunk into out, which must not overlap it and has room for SMTP_DOT_DECODED_MAX(len)
 * octets; *out_len is set to what was written.  Returns the octets consumed: len, or less when the
 * end of the content lies within.  What is written is canonical: every line ends with CRLF, the
 * last one too, and no other CR or LF is in it.  "CR CR LF" is one line end.
 */
size_t smtp_dot_decode(
    struct smtp_dot_decoder *decoder, const char *in, size_t len, char *out, size_t *out_len);

/* End content in SMTP_DOT_PLAIN mode: write what is missing to its last CRLF; returns how much. */
size_t smtp_dot_finish(struct smtp_dot_decoder *decoder, char out[4]);

struct smtp_dot_encoder {
	bool mid_line;
	bool stuffed;
};

#define SMTP_DOT_ENCODER_START \
	{                      \
		false, false   \
	}

struct smtp_dot_span {
	const char *data; /* into the caller's chunk */
	size_t len;
};

/*
 * Encode canonical content without copying it: take the next span to send from the chunk at *in and
 * advance it; false: the chunk is used up.  Chunks may be cut anywhere.  Spans may overlap: a dot
 * that is to be doubled ends one and begins the next.
 *
 *	while (smtp_dot_encode(&encoder, &data, &len, &span))
 *		evbuffer_add(out, span.data, span.len);
 */
bool smtp_dot_encode(
    struct smtp_dot_encoder *encoder, const char **in, size_t *len, struct smtp_dot_span *out);

/* What to send after the last chunk: ".\r\n", behind a CRLF if the content lacks its last one. */
struct smtp_dot_span smtp_dot_end(const struct smtp_dot_encoder *encoder);

#endif
