/* SPDX-License-Identifier: ISC */
/* fuzz_address.c - paths and mailboxes: what is taken is safe to send on, and is taken again as it
 * is. */
#include <string.h>

#include "fuzz.h"
#include "smtp/address.h"

enum {
	FLAGS_ALL =
	    SMTP_ALLOW_NULL | SMTP_ALLOW_POSTMASTER | SMTP_ALLOW_UNQUALIFIED | SMTP_ALLOW_UTF8
};

static void
check(const struct smtp_mailbox *mailbox)
{
	struct smtp_mailbox again;
	const char *why;

	must(mailbox->len < SMTP_MAILBOX_SIZE && mailbox->local_len <= mailbox->len);
	must(strlen(mailbox->text) == mailbox->len);
	must(strpbrk(mailbox->text, "\r\n") == NULL);
	must(smtp_mailbox_parse(mailbox->text, FLAGS_ALL, &again, &why) == 0);
	must(strcmp(again.text, mailbox->text) == 0);
}

static void
try_path(const char *text, size_t len, unsigned flags)
{
	struct smtp_mailbox mailbox;
	size_t used;

	if (smtp_path_parse(text, len, flags, &mailbox, &used) != SMTP_ADDRESS_OK)
		return;
	must(used <= len);
	check(&mailbox);
	if (smtp_mailbox_is_unqualified(&mailbox)) {
		must(smtp_mailbox_complete(&mailbox, "relay.example") == 0);
		check(&mailbox);
	}
}

static void
try_mailbox(const char *text, size_t len, unsigned flags)
{
	char *string = strndup(text, len);
	struct smtp_mailbox mailbox;
	const char *why;

	must(string != NULL);
	if (smtp_mailbox_parse(string, flags, &mailbox, &why) == 0)
		check(&mailbox);
	free(string);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	try_path((const char *)data + 1, size - 1, data[0] & FLAGS_ALL);
	try_mailbox((const char *)data + 1, size - 1, data[0] & FLAGS_ALL);
	return 0;
}
