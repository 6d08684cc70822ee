/* SPDX-License-Identifier: ISC */
/*
 * convert.c - a survey of the content, and then, if something has to go and may, the same once
 * more: small content is rewritten, of large content only the length is found out.  A step is a
 * piece of either pass, so that nobody else waits.
 */
#include "outbound/convert.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "base/str.h"
#include "config/config.h"
#include "outbound/delivery.h"
#include "queue/queue.h"
#include "smtp/capability.h"
#include "smtp/recode.h"
#include "spool/envelope.h"

enum { WORDS_SIZE = 512 };

struct conversion {
	struct delivery *delivery;
	const struct config_upstream *upstream;
	unsigned wants; /* set of smtp_recode */
	struct smtp_recoder *recoder;
	bool is_writing; /* it is surveyed before */
	struct str text; /* of small content: what was written */
	uint64_t offset; /* of large content: read so far in this pass */
	char *piece;
};

/* What of the content may have to go. */
static unsigned
find_wants(const struct delivery *delivery, const struct smtp_capabilities *caps,
    const struct config_upstream *upstream)
{
	const struct envelope *envelope = delivery->envelope;
	unsigned wants = 0;

	if (envelope->has_long_lines && upstream->long_lines != LONG_LINES_KEEP)
		wants |= SMTP_RECODE_LONG;
	if (envelope->body == ENVELOPE_8BITMIME && !smtp_offers(caps, SMTP_EXT_8BITMIME))
		wants |= SMTP_RECODE_8BIT;
	return wants;
}

/* A piece of the file. */
static int
feed_file(struct conversion *c)
{
	uint64_t left = c->delivery->stored_len - c->offset;
	size_t want = left < CONVERT_PIECE ? (size_t)left : CONVERT_PIECE;
	ssize_t got;

	if (c->piece == NULL && (c->piece = malloc(CONVERT_PIECE)) == NULL)
		return -1;
	got = pread(c->delivery->fd, c->piece, want, (off_t)c->offset);
	if (got <= 0)
		return -1;
	smtp_recoder_feed(c->recoder, c->piece, (size_t)got);
	c->offset += (uint64_t)got;
	return 0;
}

/* All that is in memory. */
static int
feed_buffer(struct conversion *c)
{
	struct evbuffer *content = c->delivery->content;
	size_t len = evbuffer_get_length(content);
	const char *data = len > 0 ? (const char *)evbuffer_pullup(content, -1) : "";

	if (data == NULL)
		return -1;
	smtp_recoder_feed(c->recoder, data, len);
	c->offset = len;
	return 0;
}

static int
begin_survey(struct conversion *c)
{
	smtp_recoder_free(&c->recoder);
	c->recoder = smtp_recoder_new(c->wants);
	c->offset = 0;
	return c->recoder != NULL ? 0 : -1;
}

/* Of large content it is only counted what will come out. */
static void
begin_writing(struct conversion *c)
{
	smtp_recoder_write(c->recoder, c->delivery->fd == -1 ? &c->text : NULL);
	c->is_writing = true;
	c->offset = 0;
}

static void
log_event(const struct conversion *c, const char *event, const char *why)
{
	char id[ID_TEXT_SIZE];

	id_format(c->delivery->item->id, id);
	log_info(event, log_s("id", id), log_s("upstream", c->upstream->name), log_s("why", why),
	    log_d("octets", c->delivery->stored_len),
	    log_d("octets_sent", c->delivery->content_len));
}

/* A signature of the sender's is worth more than a line's length: what breaks it is left alone. */
static bool
spares_signature(struct conversion *c)
{
	const struct smtp_recode_findings *found = smtp_recoder_findings(c->recoder);

	if (!(c->wants & SMTP_RECODE_LONG) || c->upstream->long_lines == LONG_LINES_FORCE ||
	    !found->is_needed || !found->has_dkim)
		return false;
	c->wants &= ~(unsigned)SMTP_RECODE_LONG;
	log_event(c, "not_recoded", "long lines, but a DKIM signature");
	return true;
}

/* The content anew, in place of the old one. */
static int
take_text(struct conversion *c)
{
	struct evbuffer *content = c->delivery->content;

	if (evbuffer_drain(content, evbuffer_get_length(content)) == -1)
		return -1;
	return evbuffer_add(content, c->text.data, c->text.len);
}

/* Large content goes through the recoder once more, when it is sent. */
static void
hand_over(struct conversion *c)
{
	c->delivery->recoder = c->recoder;
	c->recoder = NULL;
	smtp_recoder_write(c->delivery->recoder, &c->delivery->recoded);
}

static void
refuse_8bit(const struct conversion *c)
{
	char words[WORDS_SIZE];

	(void)snprintf(words, sizeof words,
	    "a part of 8-bit octets is signed, or cannot be encoded, and %s does not offer "
	    "8BITMIME",
	    c->upstream->host);
	delivery_judge_all(c->delivery, RCPT_UNTRIED, RCPT_UNABLE, 0, "5.6.3", words);
}

enum progress { GOES_ON, IS_OVER, IS_BAD };

/* What the survey has found decides what is to be done. */
static enum progress
end_survey(struct conversion *c)
{
	const struct smtp_recode_findings *found = smtp_recoder_findings(c->recoder);

	if (spares_signature(c)) {
		if (c->wants == 0)
			return IS_OVER;
		return begin_survey(c) == 0 ? GOES_ON : IS_BAD;
	}
	if (found->keeps_8bit) {
		refuse_8bit(c);
		return IS_OVER;
	}
	if (found->keeps_long)
		log_event(c, "not_recoded", "long lines that cannot be cut, or are signed");
	if (!found->is_needed)
		return IS_OVER;
	begin_writing(c);
	return GOES_ON;
}

static enum progress
end_writing(struct conversion *c)
{
	struct delivery *delivery = c->delivery;

	delivery->content_len = smtp_recoder_length(c->recoder);
	if (delivery->fd != -1)
		hand_over(c);
	else if (take_text(c) == -1)
		return IS_BAD;
	log_event(c, "recoded",
	    c->wants & SMTP_RECODE_8BIT ? "the upstream lacks 8BITMIME" : "lines over 998 octets");
	return IS_OVER;
}

static enum progress
go_on(struct conversion *c)
{
	if ((c->delivery->fd != -1 ? feed_file(c) : feed_buffer(c)) == -1)
		return IS_BAD;
	if (c->offset < c->delivery->stored_len)
		return GOES_ON;
	if (smtp_recoder_end(c->recoder) == -1)
		return IS_BAD;
	return c->is_writing ? end_writing(c) : end_survey(c);
}

static void
judge_trouble(struct delivery *delivery)
{
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_DEFERRED, 0, "4.3.0",
	    "the content could not be converted for want of memory, or not be read");
}

struct conversion *
convert_begin(struct delivery *delivery, const struct smtp_capabilities *caps,
    const struct config_upstream *upstream)
{
	unsigned wants = find_wants(delivery, caps, upstream);
	struct conversion *c;

	if (wants == 0)
		return NULL;
	if ((c = calloc(1, sizeof *c)) != NULL) {
		*c = (struct conversion){ delivery, upstream, .wants = wants };
		if (begin_survey(c) == -1)
			convert_free(&c);
	}
	if (c == NULL)
		judge_trouble(delivery);
	while (c != NULL && delivery->fd == -1)
		if (!convert_step(c))
			convert_free(&c);
	return c;
}

bool
convert_step(struct conversion *c)
{
	enum progress progress = go_on(c);

	if (progress == IS_BAD)
		judge_trouble(c->delivery);
	return progress == GOES_ON;
}

void
convert_free(struct conversion **conversion)
{
	if (*conversion == NULL)
		return;
	smtp_recoder_free(&(*conversion)->recoder);
	str_free(&(*conversion)->text);
	free((*conversion)->piece);
	free(*conversion);
	*conversion = NULL;
}

int
convert_piece(struct delivery *delivery, struct evbuffer *piece, bool is_last)
{
	struct str *text = &delivery->recoded;
	size_t len = evbuffer_get_length(piece);
	const char *data = len > 0 ? (const char *)evbuffer_pullup(piece, -1) : "";

	if (data == NULL)
		return -1;
	str_cut(text, 0);
	smtp_recoder_feed(delivery->recoder, data, len);
	if (is_last && smtp_recoder_end(delivery->recoder) == -1)
		return -1;
	if (str_is_bad(text) || evbuffer_drain(piece, len) == -1)
		return -1;
	return evbuffer_add(piece, text->data, text->len);
}
