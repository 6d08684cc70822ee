/* SPDX-License-Identifier: ISC */
/*
 * convert.c - a survey of the content, and then, if something has to go and may, the same once
 * more: small content is rewritten at once, of large content only the length is found out.
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

enum { PIECE_SIZE = 128 * 1024, WORDS_SIZE = 512 };

struct conversion {
	struct delivery *delivery;
	const struct config_upstream *upstream;
	unsigned wants; /* set of smtp_recode */
	struct smtp_recoder *recoder;
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

static int
feed_file(struct smtp_recoder *recoder, int fd, uint64_t len)
{
	char *piece = malloc(PIECE_SIZE);
	uint64_t done = 0;

	while (piece != NULL && done < len) {
		size_t want = len - done < PIECE_SIZE ? (size_t)(len - done) : PIECE_SIZE;
		ssize_t got = pread(fd, piece, want, (off_t)done);

		if (got <= 0)
			break;
		smtp_recoder_feed(recoder, piece, (size_t)got);
		done += (uint64_t)got;
	}
	free(piece);
	return done == len ? smtp_recoder_end(recoder) : -1;
}

static int
feed_buffer(struct smtp_recoder *recoder, struct evbuffer *content)
{
	size_t len = evbuffer_get_length(content);
	const char *data = len > 0 ? (const char *)evbuffer_pullup(content, -1) : "";

	if (data == NULL)
		return -1;
	smtp_recoder_feed(recoder, data, len);
	return smtp_recoder_end(recoder);
}

/* All of the content as it is stored: 0, or -1. */
static int
feed_all(const struct conversion *c)
{
	const struct delivery *delivery = c->delivery;

	return delivery->fd != -1 ? feed_file(c->recoder, delivery->fd, delivery->stored_len)
				  : feed_buffer(c->recoder, delivery->content);
}

static int
survey(struct conversion *c)
{
	smtp_recoder_free(&c->recoder);
	c->recoder = smtp_recoder_new(c->wants);
	return c->recoder != NULL ? feed_all(c) : -1;
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
static int
spare_signature(struct conversion *c)
{
	if (!(c->wants & SMTP_RECODE_LONG) || c->upstream->long_lines == LONG_LINES_FORCE ||
	    !smtp_recoder_findings(c->recoder)->is_needed ||
	    !smtp_recoder_findings(c->recoder)->has_dkim)
		return 0;
	c->wants &= ~(unsigned)SMTP_RECODE_LONG;
	log_event(c, "not_recoded", "long lines, but a DKIM signature");
	return survey(c);
}

/* The content anew, in place of the old one. */
static int
rewrite(const struct conversion *c)
{
	struct delivery *delivery = c->delivery;
	struct str text = STR_EMPTY;
	int result;

	smtp_recoder_write(c->recoder, &text);
	result = feed_all(c);
	if (result == 0)
		result = evbuffer_drain(delivery->content, (size_t)delivery->content_len);
	if (result == 0)
		result = evbuffer_add(delivery->content, text.data, text.len);
	delivery->content_len = smtp_recoder_length(c->recoder);
	str_free(&text);
	return result;
}

/* The length of what large content will be; its recoder begins anew. */
static int
measure(struct conversion *c)
{
	struct delivery *delivery = c->delivery;

	smtp_recoder_write(c->recoder, NULL);
	if (feed_all(c) == -1)
		return -1;
	delivery->content_len = smtp_recoder_length(c->recoder);
	delivery->recoder = c->recoder;
	c->recoder = NULL;
	smtp_recoder_write(delivery->recoder, &delivery->recoded);
	return 0;
}

static void
refuse_8bit(const struct conversion *c)
{
	char words[WORDS_SIZE];

	(void)snprintf(words, sizeof words,
	    "a part of 8-bit octets is signed, or cannot be encoded, and %s does not offer "
	    "8BITMIME",
	    c->upstream->host);
	delivery_judge_all(c->delivery, RCPT_UNTRIED, RCPT_FAILED, 0, "5.6.3", words);
}

static int
convert(struct conversion *c)
{
	const struct smtp_recode_findings *found;
	int result = 0;

	if (survey(c) == -1 || spare_signature(c) == -1)
		return -1;
	found = smtp_recoder_findings(c->recoder);
	if (found->keeps_8bit) {
		refuse_8bit(c);
		return 0;
	}
	if (found->keeps_long)
		log_event(c, "not_recoded", "long lines that cannot be cut, or are signed");
	if (!found->is_needed)
		return 0;
	result = c->delivery->fd != -1 ? measure(c) : rewrite(c);
	if (result == 0)
		log_event(c, "recoded",
		    c->wants & SMTP_RECODE_8BIT ? "the upstream lacks 8BITMIME"
						: "lines over 998 octets");
	return result;
}

void
convert_prepare(struct delivery *delivery, const struct smtp_capabilities *caps,
    const struct config_upstream *upstream)
{
	struct conversion c = { .delivery = delivery, .upstream = upstream };

	c.wants = find_wants(delivery, caps, upstream);
	if (c.wants == 0)
		return;
	if (convert(&c) == -1)
		delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_DEFERRED, 0, "4.3.0",
		    "the content could not be converted for want of memory, or not be read");
	smtp_recoder_free(&c.recoder);
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
