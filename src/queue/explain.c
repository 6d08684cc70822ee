/* SPDX-License-Identifier: ISC */
/* explain.c - see explain.h.  The table follows the IANA registry of enhanced status codes. */
#include "queue/explain.h"

#include <stddef.h>
#include <string.h>

static const char own_address[] =
    "the address that the message comes from is not accepted: check the sender";
static const char not_trusted[] =
    "the recipient's provider could not verify that the sender's domain had sent it (SPF, DKIM, "
    "DMARC): its DNS must allow this mail provider";

/* Behind the class: "4.2.2" is as full as "5.2.2". */
static const struct {
	const char *detail, *words;
} rows[] = {
	{ "1.1", "there is no such mailbox: check the address for a mistake" },
	{ "1.2", "there is no such mail domain: check what stands behind the @ for a mistake" },
	{ "1.3", "the address is not written as mail addresses are" },
	{ "1.4", "the address fits several mailboxes" },
	{ "1.6", "the mailbox has moved, and its new address is not known" },
	{ "1.7", own_address },
	{ "1.8", "the domain that the message comes from cannot be found: check the sender" },
	{ "1.9", "the recipient's system takes no mail of this kind" },
	{ "1.10", "the recipient's domain takes no mail at all" },
	{ "2.1", "the mailbox is disabled, or takes no mail" },
	{ "2.2", "the mailbox is full: its owner must make room" },
	{ "2.3", "the message is larger than this mailbox takes" },
	{ "2.4", "the list's members could not be found out: tell its owner" },
	{ "3.1", "the recipient's system has no room left" },
	{ "3.2", "the recipient's system takes no mail at present" },
	{ "3.4", "the message is too large: send less, or another way" },
	{ "4.4", "no way to the recipient's system is known" },
	{ "4.6", "the message went in circles between mail systems: tell the recipient" },
	{ "4.7", "the recipient's system could not be reached in time" },
	{ "5.3", "the message has too many recipients: send it to fewer at a time" },
	{ "6.1", "the recipient's system does not take content of this kind" },
	{ "6.3", "the recipient's system would have to convert the message, and cannot" },
	{ "6.7", "the recipient's system takes no addresses beyond ASCII" },
	{ "7.1",
	    "the rules of the recipient's system, or of the mail provider, forbid this message" },
	{ "7.2", "not everybody may write to this list: ask its owner" },
	{ "7.20", not_trusted },
	{ "7.21", not_trusted },
	{ "7.22", not_trusted },
	{ "7.23", not_trusted },
	{ "7.24", not_trusted },
	{ "7.25",
	    "the address of the sending server has no name in the DNS: tell the mail provider" },
	{ "7.26", not_trusted },
	{ "7.27",
	    "the domain that the message comes from takes no mail, so none is taken from it" },
};

const char *
explain_enhanced(const char *enhanced)
{
	if (enhanced == NULL || (enhanced[0] != '4' && enhanced[0] != '5') || enhanced[1] != '.')
		return NULL;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].detail, enhanced + 2) == 0)
			return rows[i].words;
	return NULL;
}
