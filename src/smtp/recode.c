/* SPDX-License-Identifier: ISC */
/*
 * recode.c - the content line by line.  A header section is gathered and looked at as a whole; the
 * bodies (of leaves, of what is opaque, and the words around the parts of a multipart) are counted,
 * and the survey notes for each which way it is to be written.
 */
#include "smtp/recode.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smtp/boundary.h"
#include "smtp/mime.h"
#include "smtp/transfer.h"
#include "smtp/utf8.h"

enum {
	LINE_SIZE = SMTP_CONTENT_LINE_MAX + 2,
	HEADER_MAX = 256 * 1024, /* octets of one header section */
	BODIES_MAX = 10000,
};

enum body { BODY_LEAF, BODY_OPAQUE, BODY_AROUND };

/* How a body is written: an octet for each is kept. */
struct plan {
	unsigned char way; /* enum smtp_transfer */
	bool has_8bit, is_utf8;
};

struct smtp_recoder {
	unsigned wants;
	bool is_writing;
	bool is_beyond; /* more than there is room for */
	struct str *out;
	uint64_t length;
	struct smtp_recode_findings found;

	char line[LINE_SIZE]; /* its begin */
	size_t line_len;
	bool is_amid; /* what comes next is amid a line */

	bool in_header, is_message; /* of a message, be it the first one or one within */
	bool has_long_field;
	struct str header, written;
	struct smtp_mime mime;

	struct str plans;
	size_t nbody; /* before this one */
	enum body body;
	bool is_preamble; /* of a multipart whose boundary has not come yet */
	struct plan plan;
	bool has_long, has_8bit, is_utf8; /* of the body so far */
	struct smtp_transfer_encoder encoder;

	struct smtp_boundaries boundaries; /* of the multiparts around it */
};

static void
begin_header(struct smtp_recoder *r, bool is_message)
{
	r->in_header = true;
	r->is_message = is_message;
	r->has_long_field = false;
	str_cut(&r->header, 0);
}

struct smtp_recoder *
smtp_recoder_new(unsigned wants)
{
	struct smtp_recoder *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->wants = wants;
	begin_header(r, true);
	return r;
}

void
smtp_recoder_free(struct smtp_recoder **recoder)
{
	if (*recoder == NULL)
		return;
	str_free(&(*recoder)->header);
	str_free(&(*recoder)->written);
	str_free(&(*recoder)->plans);
	free(*recoder);
	*recoder = NULL;
}

void
smtp_recoder_write(struct smtp_recoder *r, struct str *out)
{
	r->is_writing = true;
	r->out = out;
	r->length = 0;
	r->line_len = 0;
	r->is_amid = false;
	r->nbody = 0;
	r->boundaries.depth = 0;
	begin_header(r, true);
}

const struct smtp_recode_findings *
smtp_recoder_findings(const struct smtp_recoder *recoder)
{
	return &recoder->found;
}

uint64_t
smtp_recoder_length(const struct smtp_recoder *recoder)
{
	return recoder->length;
}

static void
emit(struct smtp_recoder *r, const char *text, size_t len)
{
	r->length += len;
	if (r->out != NULL)
		str_add(r->out, text, len);
}

/* The way for a leaf with something unfit in it. */
static enum smtp_transfer
way_of_leaf(struct smtp_recoder *r)
{
	switch (r->mime.encoding) {
	case SMTP_MIME_IDENTITY:
		return SMTP_TRANSFER_QUOTE;
	case SMTP_MIME_QUOTED:
		return SMTP_TRANSFER_WRAP_QUOTED;
	default:
		r->found.keeps_8bit |= r->has_8bit && (r->wants & SMTP_RECODE_8BIT) != 0;
		return r->has_long ? SMTP_TRANSFER_WRAP_BASE64 : SMTP_TRANSFER_KEEP;
	}
}

/* The way for the body that was surveyed. */
static enum smtp_transfer
find_way(struct smtp_recoder *r)
{
	bool is_long = r->has_long && (r->wants & SMTP_RECODE_LONG) != 0;
	bool is_8bit = r->has_8bit && (r->wants & SMTP_RECODE_8BIT) != 0;

	if (!is_long && !is_8bit)
		return SMTP_TRANSFER_KEEP;
	if (r->body == BODY_AROUND && !r->is_preamble)
		return SMTP_TRANSFER_DROP; /* RFC 2046 5.1.1: no reader shows it */
	if (r->body == BODY_LEAF)
		return way_of_leaf(r);
	r->found.keeps_long |= is_long;
	r->found.keeps_8bit |= is_8bit;
	return SMTP_TRANSFER_KEEP;
}

static void
end_body(struct smtp_recoder *r)
{
	char rest[SMTP_TRANSFER_MAX(0)];

	r->nbody++;
	if (r->is_writing) {
		emit(r, rest, smtp_transfer_end(&r->encoder, rest));
		return;
	}

	const struct plan plan = { (unsigned char)find_way(r), r->has_8bit, r->is_utf8 };

	r->found.is_needed |= plan.way != SMTP_TRANSFER_KEEP;
	r->is_beyond |= r->nbody > BODIES_MAX;
	str_add(&r->plans, &plan, sizeof plan);
}

/* What the survey has found out for the next body. */
static void
recall_plan(struct smtp_recoder *r)
{
	r->plan = (struct plan){ .way = SMTP_TRANSFER_KEEP };
	if (r->is_writing && (r->nbody + 1) * sizeof r->plan <= r->plans.len)
		memcpy(&r->plan, r->plans.data + r->nbody * sizeof r->plan, sizeof r->plan);
}

static void
begin_body(struct smtp_recoder *r, enum body body)
{
	recall_plan(r);
	r->in_header = false;
	r->body = body;
	r->is_preamble = body == BODY_AROUND;
	r->has_long = r->has_8bit = false;
	r->is_utf8 = true;
	r->encoder = (struct smtp_transfer_encoder){ .way = (enum smtp_transfer)r->plan.way };
}

/* The header section anew, for the body that follows. */
static void
write_header(struct smtp_recoder *r, const char *header)
{
	bool is_quoted = r->mime.kind == SMTP_MIME_LEAF && r->plan.way == SMTP_TRANSFER_QUOTE;
	bool is_composite = r->mime.kind != SMTP_MIME_LEAF && r->mime.kind != SMTP_MIME_OPAQUE;
	struct smtp_mime_change change = {
		.adds_version = is_quoted && r->is_message && !r->mime.has_version,
		.folds = (r->wants & SMTP_RECODE_LONG) != 0,
	};

	if (is_quoted && !r->mime.has_type && r->plan.has_8bit)
		change.type = r->plan.is_utf8 ? "text/plain; charset=utf-8"
					      : "text/plain; charset=unknown-8bit"; /* RFC 1428 */
	if (is_quoted)
		change.encoding = "quoted-printable";
	else if (is_composite && r->mime.has_encoding && (r->wants & SMTP_RECODE_8BIT))
		change.encoding = "7bit";
	str_cut(&r->written, 0);
	smtp_mime_write(&r->written, header, header + r->header.len, &change);
	if (!str_is_bad(&r->written))
		emit(r, r->written.data, r->written.len);
}

/* Whether a header with long lines can be folded. */
static void
survey_header(struct smtp_recoder *r, const char *header)
{
	const struct smtp_mime_change change = { .folds = true };

	if (!r->has_long_field || !(r->wants & SMTP_RECODE_LONG))
		return;
	str_cut(&r->written, 0);
	smtp_mime_write(&r->written, header, header + r->header.len, &change);
	r->found.is_needed |= r->written.len != r->header.len;
	r->found.keeps_long |= r->written.len == r->header.len;
}

enum header_end {
	HEADER_BLANK, /* a blank line, and a body */
	HEADER_CUT,   /* the end of the part */
	HEADER_ODD,   /* a line that is no field: no one knows what the body is */
};

static void
end_header(struct smtp_recoder *r, enum header_end how)
{
	const char *header = r->header.data != NULL ? r->header.data : "";

	smtp_mime_read(header, header + r->header.len, &r->mime);
	if (r->nbody == 0 && r->boundaries.depth == 0)
		r->found.has_dkim |= r->mime.has_dkim;
	if (!r->mime.has_type && !r->is_message && r->mime.kind == SMTP_MIME_LEAF &&
	    smtp_boundaries_in_digest(&r->boundaries))
		r->mime.kind = SMTP_MIME_MESSAGE;
	if (how == HEADER_ODD)
		r->mime.kind = SMTP_MIME_OPAQUE;
	recall_plan(r);
	if (r->is_writing) {
		write_header(r, header);
		emit(r, "\r\n", how == HEADER_BLANK ? 2 : 0);
	} else {
		survey_header(r, header);
	}
	if (r->mime.kind == SMTP_MIME_LEAF)
		begin_body(r, BODY_LEAF);
	else if (how != HEADER_BLANK || r->mime.kind == SMTP_MIME_OPAQUE)
		begin_body(r, BODY_OPAQUE);
	else if (r->mime.kind == SMTP_MIME_MESSAGE)
		begin_header(r, true);
	else
		begin_body(
		    r, smtp_boundaries_push(&r->boundaries, &r->mime) ? BODY_AROUND : BODY_OPAQUE);
}

static void
take_of_body(struct smtp_recoder *r, const char *text, size_t len)
{
	char out[SMTP_TRANSFER_MAX(LINE_SIZE)];
	bool is_whole = !r->is_amid && text[len - 1] == '\n';

	if (r->is_writing) {
		if (r->encoder.way == SMTP_TRANSFER_KEEP)
			emit(r, text, len);
		else
			emit(r, out, smtp_transfer_encode(&r->encoder, text, len, out));
		return;
	}
	r->has_long |= !is_whole;
	if (smtp_is_ascii(text, len))
		return;
	r->has_8bit = true;
	/* Of a line that comes in pieces it is not known. */
	r->is_utf8 = r->is_utf8 && is_whole && smtp_utf8_is_valid(text, len);
}

static void
take_of_header(struct smtp_recoder *r, const char *text, size_t len)
{
	bool is_fold = r->header.len > 0 && (text[0] == ' ' || text[0] == '\t');

	if (!r->is_amid && text[0] == '\r') {
		end_header(r, HEADER_BLANK);
	} else if (!r->is_amid && !is_fold && !smtp_field_begins(text, len)) {
		end_header(r, HEADER_ODD);
		take_of_body(r, text, len);
	} else {
		str_add(&r->header, text, len);
		r->is_beyond |= r->header.len > HEADER_MAX;
		r->has_long_field |= r->is_amid || text[len - 1] != '\n';
	}
}

static bool
take_boundary(struct smtp_recoder *r, const char *line, size_t len)
{
	size_t depth = r->boundaries.depth;
	bool is_last;

	if (!smtp_boundaries_take(&r->boundaries, line, len, &is_last))
		return false;
	if (r->boundaries.depth + is_last == depth)
		r->is_preamble = false;
	if (r->in_header)
		end_header(r, HEADER_CUT);
	end_body(r);
	if (r->is_writing)
		emit(r, line, len);
	if (is_last)
		begin_body(r, BODY_AROUND);
	else
		begin_header(r, false);
	r->is_preamble = false;
	return true;
}

/* A line, or a piece of one that is too long. */
static void
take(struct smtp_recoder *r, const char *text, size_t len)
{
	if (r->is_amid || !take_boundary(r, text, len)) {
		if (r->in_header)
			take_of_header(r, text, len);
		else
			take_of_body(r, text, len);
	}
	r->is_amid = text[len - 1] != '\n';
}

/* Gather a line; returns what was taken of the data. */
static size_t
gather(struct smtp_recoder *r, const char *data, size_t len)
{
	size_t room = LINE_SIZE - r->line_len;
	size_t n = len < room ? len : room;
	const char *lf = memchr(data, '\n', n);

	if (lf != NULL)
		n = (size_t)(lf + 1 - data);
	if (lf != NULL && r->line_len == 0) {
		take(r, data, n);
		return n;
	}
	memcpy(r->line + r->line_len, data, n);
	r->line_len += n;
	if (lf != NULL || r->line_len == LINE_SIZE) {
		take(r, r->line, r->line_len);
		r->line_len = 0;
	}
	return n;
}

void
smtp_recoder_feed(struct smtp_recoder *r, const char *data, size_t len)
{
	for (size_t at = 0; at < len && !r->is_beyond;)
		at += gather(r, data + at, len - at);
}

int
smtp_recoder_end(struct smtp_recoder *r)
{
	if (r->is_beyond) {
		r->found.is_needed = false;
		r->found.keeps_long = (r->wants & SMTP_RECODE_LONG) != 0;
		r->found.keeps_8bit = (r->wants & SMTP_RECODE_8BIT) != 0;
		return 0;
	}
	if (r->line_len > 0)
		take(r, r->line, r->line_len);
	if (r->in_header)
		end_header(r, HEADER_CUT);
	end_body(r);
	return r->header.bad || r->written.bad || r->plans.bad || (r->out != NULL && r->out->bad)
		   ? -1
		   : 0;
}
