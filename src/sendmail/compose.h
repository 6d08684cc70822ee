/* SPDX-License-Identifier: ISC */
/*
 * compose.h - what sendmail(8) does to a message before it is submitted: gather the recipients,
 * take Bcc out, add From when it is missing.  Date and Message-ID are added by the listener.
 */
#ifndef SENDMAIL_COMPOSE_H
#define SENDMAIL_COMPOSE_H

#include <stddef.h>

#include "base/str.h"

struct input;
struct options;

struct draft {
	char *sender;     /* mailbox; "" is the null reverse-path */
	char **recipient; /* mailboxes, maybe without a domain, each once */
	size_t nrecipient;
	struct str header; /* in the line ends of the input, with the blank line behind it */
};

/*
 * Read the header section of the input.  domain completes the user's own address.  EX_OK, or
 * another status of sysexits.h after a complaint on stderr.
 */
int draft_compose(
    const struct options *options, struct input *input, const char *domain, struct draft *out);

void draft_free(struct draft *draft);

#endif
