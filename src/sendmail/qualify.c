/* SPDX-License-Identifier: ISC */
/* qualify.c - see qualify.h. */
#include "sendmail/qualify.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "sendmail/addresses.h"
#include "smtp/address.h"
#include "smtp/mime.h"

static const char *const names[] = { "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Resent-From",
	"Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Bcc" };

struct qualifying {
	struct str text;
	const char *done; /* so far of the field */
	const char *domain;
};

static bool
is_of_addresses(const struct smtp_field *field)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (smtp_field_is(field, names[i]))
			return true;
	return false;
}

static int
qualify(void *ctx, const char *mailbox, const char *end)
{
	struct qualifying *field = ctx;
	struct smtp_mailbox parsed;
	const char *why;

	if (smtp_mailbox_parse(mailbox, SMTP_ALLOW_UNQUALIFIED | SMTP_ALLOW_UTF8, &parsed, &why) <
		0 ||
	    !smtp_mailbox_is_unqualified(&parsed))
		return 0;
	str_add(&field->text, field->done, (size_t)(end - field->done));
	str_printf(&field->text, "@%s", field->domain);
	field->done = end;
	return 0;
}

void
qualify_field(struct str *out, const char *field, size_t len, const char *domain)
{
	const struct smtp_field whole = { field, len };
	struct qualifying qualified = { .text = STR_EMPTY, .done = field, .domain = domain };
	const char *colon = memchr(field, ':', len);

	if (colon != NULL && is_of_addresses(&whole) &&
	    addresses_each(colon + 1, (size_t)(field + len - colon - 1), qualify, &qualified) == 0)
		str_add(out, qualified.text.data, qualified.text.len);
	else
		qualified.done = field;
	str_add(out, qualified.done, (size_t)(field + len - qualified.done));
	str_free(&qualified.text);
}
