/* SPDX-License-Identifier: ISC */
/* demand.c - see demand.h; demands[] is the table of contents. */
#include "outbound/demand.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "outbound/delivery.h"
#include "smtp/capability.h"
#include "smtp/idn.h"
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
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_UNABLE, 0, "5.3.4", words);
}

/* RFC 8689 4; of a report, which holds no more than a header, it is asked where it can be had (5).
 */
static void
check_requiretls(struct delivery *delivery, const struct demand_offer *offer)
{
	char words[WORDS_SIZE];

	if (!delivery->envelope->requiretls || delivery->envelope->is_report ||
	    (offer->is_verified && smtp_offers(offer->caps, SMTP_EXT_REQUIRETLS)))
		return;
	(void)snprintf(words, sizeof words,
	    "the message requires verified TLS all the way, and %s does not offer REQUIRETLS",
	    offer->host);
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_UNABLE, 0, "5.7.30", words);
}

/* Judge a recipient whose address, or whose sender's, has no form that the upstream takes. */
static void
judge_utf8(struct delivery *delivery, size_t rcpt, enum smtp_idn why, const char *host)
{
	char words[WORDS_SIZE];

	if (why == SMTP_IDN_NO_MEMORY) {
		delivery_judge(delivery, rcpt, RCPT_DEFERRED, 0, "4.3.0", "out of memory");
		return;
	}
	(void)snprintf(words, sizeof words,
	    "an address beyond ASCII needs SMTPUTF8, which %s does not offer", host);
	delivery_judge(delivery, rcpt, RCPT_UNABLE, 0, "5.6.7", words);
}

/* What an upstream takes that knows ASCII alone: *ascii stays NULL if that is the address itself.
 */
static enum smtp_idn
find_ascii(const char *address, char **ascii)
{
	return is_plain(address) ? SMTP_IDN_DONE : smtp_address_to_ascii(address, ascii);
}

/* RFC 6531 3.2; a domain has a form in ASCII (RFC 5891). */
static void
check_utf8(struct delivery *delivery, const struct demand_offer *offer)
{
	if (smtp_offers(offer->caps, SMTP_EXT_SMTPUTF8))
		return;

	enum smtp_idn from = find_ascii(delivery->envelope->from, &delivery->from_ascii);

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		enum smtp_idn to = from;

		if (delivery->rcpt[i].fate != RCPT_UNTRIED)
			continue;
		if (to == SMTP_IDN_DONE)
			to = find_ascii(delivery_address(delivery, i), &delivery->rcpt[i].ascii);
		if (to != SMTP_IDN_DONE)
			judge_utf8(delivery, i, to, offer->host);
	}
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
