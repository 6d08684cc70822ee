/* SPDX-License-Identifier: ISC */
/*
 * dot.c - content on the wire.  Runs of sound lines are found with memchr() and copied as a whole;
 * only a chunk's odd ends, stuffed dots and bare CRs and LFs go through the state machine octet by
 * octet.
 */
#include "smtp/dot.h"

#include <string.h>

/* What was read but not yet decided on stands in the state's name. */
enum state {
	LINE_START, /* behind a real CRLF, or at the very start */
	TEXT,       /* within a line, or behind a bare line end */
	CR,
	CR_CR,
	DOT, /* a dot at the start of a line */
	DOT_CR
};

struct writer {
	struct smtp_dot_decoder *decoder;
	char *at;
	const char *lf; /* the last one found in the chunk, or its end; NULL: not yet looked for */
};

void
smtp_dot_decoder_init(struct smtp_dot_decoder *decoder, enum smtp_dot_mode mode)
{
	*decoder = (struct smtp_dot_decoder){ .mode = mode, .state = LINE_START };
}

static void
end_line(struct writer *w, bool bare)
{
	struct smtp_dot_decoder *d = w->decoder;

	if (d->line_len > d->longest_line)
		d->longest_line = d->line_len;
	d->line_len = 0;
	d->bare_ends += bare;
	*w->at++ = '\r';
	*w->at++ = '\n';
}

/* Take an octet that follows nothing undecided, in the middle of a line. */
static enum state
step_text(struct writer *w, char octet)
{
	if (octet == '\r')
		return CR;
	if (octet == '\n') {
		end_line(w, true);
		return TEXT;
	}
	*w->at++ = octet;
	w->decoder->line_len++;
	return TEXT;
}

/* Take the octet behind one or two CRs (of which a DOT_CR is one) that were held back. */
static enum state
step_cr(struct writer *w, enum state state, char octet)
{
	if (octet == '\n') {
		if (state == DOT_CR)
			w->decoder->done = true;
		else
			end_line(w, state == CR_CR);
		return LINE_START;
	}
	if (octet == '\r') {
		if (state == CR_CR)
			end_line(w, true);
		return CR_CR;
	}
	end_line(w, true);
	if (state == CR_CR)
		end_line(w, true);
	return step_text(w, octet);
}

static enum state
step(struct writer *w, enum state state, char octet)
{
	switch (state) {
	case LINE_START:
		if (octet == '.' && w->decoder->mode == SMTP_DOT_STUFFED)
			return DOT;
		return step_text(w, octet);
	case TEXT:
		return step_text(w, octet);
	case DOT:
		return octet == '\r' ? DOT_CR : step_text(w, octet);
	case CR:
	case CR_CR:
	case DOT_CR:
		break;
	}
	return step_cr(w, state, octet);
}

/* Whether an octet belongs to a run of text that needs no look at each octet. */
static bool
is_run(const struct smtp_dot_decoder *d, char octet)
{
	return d->state == TEXT ||
	       (d->state == LINE_START && (octet != '.' || d->mode == SMTP_DOT_PLAIN));
}

/* The next LF, or end.  Kept, since looking anew at each of many bare CRs would be quadratic. */
static const char *
next_lf(struct writer *w, const char *at, const char *end)
{
	if (w->lf == NULL || w->lf < at) {
		w->lf = memchr(at, '\n', (size_t)(end - at));
		if (w->lf == NULL)
			w->lf = end;
	}
	return w->lf;
}

/*
 * Copy the run at at: whole lines that end with CRLF, and what text there is before the next odd
 * octet or the end.  Returns where it stopped.
 */
static const char *
copy_run(struct writer *w, const char *at, const char *end)
{
	struct smtp_dot_decoder *d = w->decoder;
	const char *run = at;

	while (at < end && is_run(d, *at)) {
		const char *lf = next_lf(w, at, end);
		const char *cr = memchr(at, '\r', (size_t)(lf - at));
		const char *text_end = cr != NULL ? cr : lf;

		d->line_len += (size_t)(text_end - at);
		if (lf == end || cr != lf - 1) {
			if (text_end > at)
				d->state = TEXT;
			at = text_end;
			break;
		}
		if (d->line_len > d->longest_line)
			d->longest_line = d->line_len;
		d->line_len = 0;
		d->state = LINE_START;
		at = lf + 1;
	}
	memcpy(w->at, run, (size_t)(at - run));
	w->at += at - run;
	return at;
}

/* Whether any octet is >= 0x80, eight at a time. */
static bool
has_8bit(const char *data, size_t len)
{
	uint64_t all = 0;
	size_t i = 0;

	for (; i + sizeof all <= len; i += sizeof all) {
		uint64_t word;

		memcpy(&word, data + i, sizeof word);
		all |= word;
	}
	for (; i < len; i++)
		all |= (unsigned char)data[i];
	return (all & UINT64_C(0x8080808080808080)) != 0;
}

size_t
smtp_dot_decode(
    struct smtp_dot_decoder *decoder, const char *in, size_t len, char *out, size_t *out_len)
{
	struct writer w = { decoder, out, NULL };
	const char *at = in;
	const char *end = in + len;

	*out_len = 0;
	if (len == 0)
		return 0;
	while (at < end && !decoder->done) {
		at = copy_run(&w, at, end);
		if (at < end)
			decoder->state = step(&w, decoder->state, *at++);
	}

	size_t used = (size_t)(at - in);

	decoder->has_8bit = decoder->has_8bit || has_8bit(in, used);
	decoder->has_nul = decoder->has_nul || memchr(in, '\0', used) != NULL;
	*out_len = (size_t)(w.at - out);
	return used;
}

size_t
smtp_dot_finish(struct smtp_dot_decoder *decoder, char out[4])
{
	struct writer w = { decoder, out, NULL };

	bool bare = decoder->state == CR || decoder->state == CR_CR;

	if (bare || decoder->line_len > 0)
		end_line(&w, bare);
	if (decoder->state == CR_CR)
		end_line(&w, true);
	decoder->state = LINE_START;
	decoder->done = true;
	return (size_t)(w.at - out);
}

bool
smtp_dot_encode(
    struct smtp_dot_encoder *encoder, const char **in, size_t *len, struct smtp_dot_span *out)
{
	const char *start = *in;
	const char *end = start + *len;
	const char *at = start;

	if (start == end)
		return false;
	/* A dot at the start of a line ends one span and begins the next: so it is sent twice. */
	if (encoder->stuffed || encoder->mid_line || *at != '.') {
		do {
			const char *lf = memchr(at, '\n', (size_t)(end - at));

			encoder->mid_line = lf == NULL;
			at = lf != NULL ? lf + 1 : end;
		} while (at < end && *at != '.');
	}
	encoder->stuffed = at < end;
	out->data = start;
	out->len = (size_t)(at - start) + encoder->stuffed;
	*in = at;
	*len = (size_t)(end - at);
	return true;
}

struct smtp_dot_span
smtp_dot_end(const struct smtp_dot_encoder *encoder)
{
	static const char end[] = "\r\n.\r\n";

	if (encoder->mid_line)
		return (struct smtp_dot_span){ end, sizeof end - 1 };
	return (struct smtp_dot_span){ end + 2, sizeof end - 3 };
}
