/* SPDX-License-Identifier: ISC */
/* addresses.h - the mailboxes in a header field that holds an address-list (RFC 5322 3.4).  Pure.
 */
#ifndef SENDMAIL_ADDRESSES_H
#define SENDMAIL_ADDRESSES_H

#include <stddef.h>

/*
 * Call fn for each mailbox of the list, without display names, comments, routes and group names:
 * "a@b", or just "a". Stops and returns what fn returns when that is not 0; -1 when the list is
 * malformed or memory is short.
 */
int
addresses_each(const char *text, size_t len, int (*fn)(void *ctx, const char *mailbox), void *ctx);

#endif
