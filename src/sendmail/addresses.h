/* SPDX-License-Identifier: ISC */
/* addresses.h - the mailboxes in a header field that holds an address-list (RFC 5322 3.4).  Pure.
 */
#ifndef SENDMAIL_ADDRESSES_H
#define SENDMAIL_ADDRESSES_H

#include <stddef.h>

/* A mailbox of a list: "a@b", or just "a"; end: where it ends in the text. */
typedef int addresses_fn(void *ctx, const char *mailbox, const char *end);

/*
 * Call fn for each mailbox of the list, without display names, comments, routes and group names.
 * Stops and returns what fn returns when that is not 0; -1 when the list is
 * malformed or memory is short.
 */
int addresses_each(const char *text, size_t len, addresses_fn *fn, void *ctx);

#endif
