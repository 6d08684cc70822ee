/* SPDX-License-Identifier: ISC */
/* parameters.c - see parameters.h; each extension in its place. */
#include "outbound/parameters.h"

#include <event2/buffer.h>
#include <inttypes.h>

#include "base/str.h"
#include "outbound/delivery.h"
#include "outbound/demand.h"
#include "smtp/capability.h"
#include "spool/envelope.h"

/* RFC 3461 4.3, 4.4. */
static void
add_dsn(struct evbuffer *out, const struct envelope *envelope)
{
	const char *ret = smtp_ret_name(envelope->ret);

	if (ret != NULL)
		evbuffer_add_printf(out, " RET=%s", ret);
	if (envelope->envid != NULL)
		evbuffer_add_printf(out, " ENVID=%s", envelope->envid);
}

void
parameters_add_mail(
    struct evbuffer *out, const struct smtp_capabilities *caps, const struct delivery *delivery)
{
	const struct envelope *envelope = delivery->envelope;

	if (smtp_offers(caps, SMTP_EXT_SIZE))
		evbuffer_add_printf(out, " SIZE=%" PRIu64, delivery->content_len);
	if (envelope->body == ENVELOPE_8BITMIME && smtp_offers(caps, SMTP_EXT_8BITMIME))
		evbuffer_add_printf(out, " BODY=8BITMIME");
	if (smtp_offers(caps, SMTP_EXT_SMTPUTF8) && demand_is_utf8(delivery))
		evbuffer_add_printf(out, " SMTPUTF8");
	if (envelope->requiretls && smtp_offers(caps, SMTP_EXT_REQUIRETLS))
		evbuffer_add_printf(out, " REQUIRETLS");
	if (envelope->priority != 0 && smtp_offers(caps, SMTP_EXT_MT_PRIORITY))
		evbuffer_add_printf(out, " MT-PRIORITY=%d", envelope->priority);
	if (smtp_offers(caps, SMTP_EXT_DSN))
		add_dsn(out, envelope);
}

/* RFC 3461 4.1, 4.2. */
void
parameters_add_rcpt(struct evbuffer *out, const struct smtp_capabilities *caps,
    const struct delivery *delivery, size_t rcpt)
{
	const struct envelope_dsn *all = delivery->envelope->dsn;

	if (all == NULL || !smtp_offers(caps, SMTP_EXT_DSN))
		return;

	const struct envelope_dsn *dsn = &all[delivery->rcpt[rcpt].index];
	struct str words = STR_EMPTY;

	smtp_notify_format(&words, dsn->notify);
	if (dsn->notify != 0 && !str_is_bad(&words))
		evbuffer_add_printf(out, " NOTIFY=%s", words.data);
	str_free(&words);
	if (dsn->orcpt != NULL)
		evbuffer_add_printf(out, " ORCPT=%s", dsn->orcpt);
}
