/* SPDX-License-Identifier: ISC */
/*
 * convert.h - content that an upstream does not take as it is: long lines (RFC 5322 2.1.1), octets
 * of 8 bits where it offers no 8BITMIME (RFC 6152 3).  Only what the listener has marked is looked
 * at; what comes out depends on the content and on what is offered alone, so each attempt sends the
 * same.
 */
#ifndef OUTBOUND_CONVERT_H
#define OUTBOUND_CONVERT_H

#include <stdbool.h>

struct config_upstream;
struct delivery;
struct evbuffer;
struct smtp_capabilities;

/*
 * Before anything of it is sent: make the content of a delivery what is to be sent, and content_len
 * its length.  Large content is converted later, piece by piece.  Where that cannot be done
 * the recipients are judged.
 */
void convert_prepare(struct delivery *delivery, const struct smtp_capabilities *caps,
    const struct config_upstream *upstream);

/* Convert a piece of the large content of such a delivery: 0, or -1 when out of memory. */
int convert_piece(struct delivery *delivery, struct evbuffer *piece, bool is_last);

#endif
