/* SPDX-License-Identifier: ISC */
/* delivery.c - see delivery.h. */
#include "outbound/delivery.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "queue/queue.h"
#include "smtp/recode.h"
#include "spool/envelope.h"
#include "spool/reader.h"

enum { ROTATION = 67 }; /* a prime below what one transaction carries */

/*
 * The recipients that are not done yet.  Each attempt begins at another one, so that those that are
 * put off every time do not keep the others of a long list waiting for ever.
 */
static int
list_recipients(struct delivery *delivery)
{
	const struct envelope *envelope = delivery->envelope;
	size_t start = (size_t)delivery->item->attempts * ROTATION % envelope->nrcpt;

	delivery->rcpt = calloc(envelope->nrcpt, sizeof *delivery->rcpt);
	if (delivery->rcpt == NULL)
		return -1;
	for (size_t n = 0; n < envelope->nrcpt; n++) {
		uint32_t i = (uint32_t)((start + n) % envelope->nrcpt);

		if (!queue_rcpt_is_done(delivery->item, i))
			delivery->rcpt[delivery->nrcpt++].index = i;
	}
	return 0;
}

enum delivery_result
delivery_open(struct spool *spool, const struct queue *queue, struct queue_item *item,
    bool with_content, struct delivery **out)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);
	const struct spool_place place = queue_place(item);
	enum delivery_result result = DELIVERY_LATER;
	int read = 0;

	*out = NULL;
	if (delivery == NULL)
		return DELIVERY_LATER;
	delivery->item = item;
	delivery->routes = *queue_routes(queue, item);
	delivery->fd = -1;
	delivery->started_ms = clock_mono_ms();
	if ((delivery->content = evbuffer_new()) == NULL)
		goto out;
	if ((read = spool_read_envelope(spool, &place, &delivery->envelope)) != 0 ||
	    list_recipients(delivery) == -1)
		goto out;
	if (with_content)
		read = spool_read_content(
		    spool, &place, delivery->content, &delivery->fd, &delivery->content_len);
	if (read != -1) {
		delivery->is_damaged = read == 1;
		delivery->stored_len = delivery->content_len;
		*out = delivery;
		return read == 0 ? DELIVERY_OPENED : DELIVERY_DAMAGED;
	}
out:
	if (read == 1)
		result = DELIVERY_DAMAGED;
	int saved = errno;

	delivery_free(&delivery);
	errno = saved;
	return result;
}

/* A reply as it was said, for whoever reads it in a report or in the queue. */
static char *
reply_text(int code, const char *enhanced, const char *words)
{
	struct str text = STR_EMPTY;

	if (code == 0)
		return strdup(words);
	str_printf(&text, "%d%s%s%s%s", code, *enhanced != '\0' ? " " : "", enhanced,
	    *words != '\0' ? " " : "", words);
	return str_take(&text);
}

void
delivery_judge(struct delivery *delivery, size_t rcpt, enum rcpt_fate fate, int code,
    const char *enhanced, const char *words)
{
	struct delivery_rcpt *to = &delivery->rcpt[rcpt];

	to->fate = fate;
	to->code = code;
	to->remedy = NULL;
	to->enhanced[0] = '\0';
	if (strlen(enhanced) < sizeof to->enhanced)
		memcpy(to->enhanced, enhanced, strlen(enhanced) + 1);
	free(to->reply);
	to->reply = reply_text(code, to->enhanced, words);
}

void
delivery_judge_all(struct delivery *delivery, enum rcpt_fate of, enum rcpt_fate fate, int code,
    const char *enhanced, const char *words)
{
	for (size_t i = 0; i < delivery->nrcpt; i++)
		if (delivery->rcpt[i].fate == of)
			delivery_judge(delivery, i, fate, code, enhanced, words);
}

void
delivery_judge_open(struct delivery *delivery, enum rcpt_fate fate, int code, const char *enhanced,
    const char *words)
{
	static const enum rcpt_fate open[] = { RCPT_SENT, RCPT_TAKEN, RCPT_UNTRIED };

	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		if (open[i] != fate)
			delivery_judge_all(delivery, open[i], fate, code, enhanced, words);
}

size_t
delivery_count(const struct delivery *delivery, enum rcpt_fate fate)
{
	size_t count = 0;

	for (size_t i = 0; i < delivery->nrcpt; i++)
		count += delivery->rcpt[i].fate == fate;
	return count;
}

const char *
delivery_address(const struct delivery *delivery, size_t rcpt)
{
	return delivery->envelope->rcpt[delivery->rcpt[rcpt].index];
}

const char *
delivery_sent_from(const struct delivery *delivery)
{
	return delivery->from_ascii != NULL ? delivery->from_ascii : delivery->envelope->from;
}

const char *
delivery_sent_to(const struct delivery *delivery, size_t rcpt)
{
	return delivery->rcpt[rcpt].ascii != NULL ? delivery->rcpt[rcpt].ascii
						  : delivery_address(delivery, rcpt);
}

void
delivery_free(struct delivery **delivery)
{
	if (*delivery == NULL)
		return;
	for (size_t i = 0; i < (*delivery)->nrcpt; i++) {
		free((*delivery)->rcpt[i].reply);
		free((*delivery)->rcpt[i].ascii);
	}
	free((*delivery)->rcpt);
	free((*delivery)->from_ascii);
	smtp_recoder_free(&(*delivery)->recoder);
	str_free(&(*delivery)->recoded);
	envelope_free(&(*delivery)->envelope);
	if ((*delivery)->content != NULL)
		evbuffer_free((*delivery)->content);
	if ((*delivery)->fd != -1)
		close((*delivery)->fd);
	free(*delivery);
	*delivery = NULL;
}
