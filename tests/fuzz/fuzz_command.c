/* SPDX-License-Identifier: ISC */
/* fuzz_command.c - command lines, and the arguments of MAIL, RCPT and BDAT with any set of
 * extensions. */
#include <string.h>

#include "fuzz.h"
#include "smtp/command.h"

static void
check_status(const struct smtp_status *status)
{
	must(status == NULL || (status->code >= 400 && status->code < 600));
}

static void
try_mail(const struct smtp_command *command, unsigned offered)
{
	struct smtp_mail mail = { 0 };
	const struct smtp_status *wrong =
	    smtp_mail_parse(command->argument, command->argument_len, offered, &mail);

	check_status(wrong);
	must(wrong != NULL || strlen(mail.envid) <= SMTP_ENVID_MAX);
	must(wrong != NULL || strlen(mail.from.text) == mail.from.len);
}

static void
try_rcpt(const struct smtp_command *command, unsigned offered, bool utf8)
{
	struct smtp_rcpt rcpt = { 0 };
	const struct smtp_status *wrong =
	    smtp_rcpt_parse(command->argument, command->argument_len, offered, utf8, &rcpt);

	check_status(wrong);
	must(wrong != NULL || strlen(rcpt.orcpt) <= SMTP_ORCPT_MAX);
	must(wrong != NULL || strlen(rcpt.to.text) == rcpt.to.len);
}

static void
try_bdat(const struct smtp_command *command)
{
	struct smtp_bdat bdat;
	bool knows_size = false;

	check_status(smtp_bdat_parse(command->argument, command->argument_len, &bdat, &knows_size));
}

/* Not NUL-terminated: an octet read behind the end is found. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;

	const char *line = (const char *)data + 1;
	unsigned offered = data[0] & 1 ? ~0u : data[0];
	struct smtp_command command;
	const struct smtp_status *wrong = smtp_command_split(line, size - 1, &command);

	check_status(wrong);
	if (wrong != NULL)
		return 0;
	must(
	    command.argument >= line && command.argument + command.argument_len <= line + size - 1);
	try_mail(&command, offered);
	try_rcpt(&command, offered, data[0] & 2);
	try_bdat(&command);
	return 0;
}
