/* SPDX-License-Identifier: ISC */
/* demand.c - see demand.h; demands[] is the table of contents. */
#include "outbound/demand.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "outbound/delivery.h"
#include "smtp/capability.h"
#include "smtp/utf8.h"
#include "spool/envelope.h"

enum { WORDS_SIZE = 512 };

static bool
is_plain(const char *address)
{
	return smtp_is_ascii(address, strlen(address));
}

bool
demand_is_utf8(const struct delivery *delivery)
{
	const struct envelope *envelope = delivery->envelope;

	if (!is_plain(envelope->from))
		return true;
	for (size_t i = 0; i < delivery->nrcpt; i++)
		if (delivery->rcpt[i].fate == RCPT_UNTRIED &&
		    !is_plain(delivery_address(delivery, i)))
			return true;
	return envelope->smtputf8 && envelope->body == ENVELOPE_8BITMIME;
}

/* RFC 1870 6.1. */
static void
check_size(struct delivery *delivery, const struct demand_offer *offer)
{
	char words[WORDS_SIZE];

	if (offer->caps->size == 0 || delivery->content_len <= offer->caps->size)
		return;
	(void)snprintf(words, sizeof words,
	    "the message has %" PRIu64 " octets, and %s takes no more than %" PRIu64,
	    delivery->content_len, offer->host, offer->caps->size);
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_FAILED, 0, "5.3.4", words);
}

/* RFC 8689 4. */
static void
check_requiretls(struct delivery *delivery, const struct demand_offer *offer)
{
	char words[WORDS_SIZE];

	if (!delivery->envelope->requiretls ||
	    (offer->is_verified && smtp_offers(offer->caps, SMTP_EXT_REQUIRETLS)))
		return;
	(void)snprintf(words, sizeof words,
	    "the message requires verified TLS all the way, and %s does not offer REQUIRETLS",
	    offer->host);
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_FAILED, 0, "5.7.30", words);
}

/* RFC 6531 3.2. */
static void
check_utf8(struct delivery *delivery, const struct demand_offer *offer)
{
	bool is_all = !is_plain(delivery->envelope->from);
	char words[WORDS_SIZE];

	if (smtp_offers(offer->caps, SMTP_EXT_SMTPUTF8))
		return;
	(void)snprintf(words, sizeof words,
	    "an address beyond ASCII needs SMTPUTF8, which %s does not offer", offer->host);
	for (size_t i = 0; i < delivery->nrcpt; i++)
		if (delivery->rcpt[i].fate == RCPT_UNTRIED &&
		    (is_all || !is_plain(delivery_address(delivery, i))))
			delivery_judge(delivery, i, RCPT_FAILED, 0, "5.6.7", words);
}

static void (*const demands[])(struct delivery *, const struct demand_offer *) = {
	check_size,
	check_requiretls,
	check_utf8,
};

bool
demand_is_met(struct delivery *delivery, const struct demand_offer *offer)
{
	for (size_t i = 0; i < sizeof demands / sizeof *demands; i++)
		demands[i](delivery, offer);
	return delivery_count(delivery, RCPT_UNTRIED) > 0;
}
