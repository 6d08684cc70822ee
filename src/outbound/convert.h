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
struct conversion;
struct delivery;
struct evbuffer;
struct smtp_capabilities;

enum { CONVERT_PIECE = 64 * 1024 }; /* a millisecond or so */

/*
 * Before anything of it is sent: make the content of a delivery what is to be sent, and content_len
 * its length.  Where that cannot be done the recipients are judged.  What is in memory is done with
 * at once; large content is read through, more than once, by steps: then there is a conversion,
 * which borrows the delivery until it is freed.  NULL: nothing is left to be done.
 */
struct conversion *convert_begin(struct delivery *delivery, const struct smtp_capabilities *caps,
    const struct config_upstream *upstream);

/* Go on with a piece of it, of CONVERT_PIECE octets at most; false: it is over. */
bool convert_step(struct conversion *conversion);
void convert_free(struct conversion **conversion);

/* Convert a piece of the large content of such a delivery: 0, or -1 when out of memory. */
int convert_piece(struct delivery *delivery, struct evbuffer *piece, bool is_last);

#endif
