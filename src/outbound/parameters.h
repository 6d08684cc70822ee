/* SPDX-License-Identifier: ISC */
/*
 * parameters.h - what MAIL and RCPT say besides the address: only what the upstream offers, and of
 * that what the message needs.
 */
#ifndef OUTBOUND_PARAMETERS_H
#define OUTBOUND_PARAMETERS_H

#include <stddef.h>

struct delivery;
struct evbuffer;
struct smtp_capabilities;

/* Append them, each with a space before it. */
void parameters_add_mail(
    struct evbuffer *out, const struct smtp_capabilities *caps, const struct delivery *delivery);
void parameters_add_rcpt(struct evbuffer *out, const struct smtp_capabilities *caps,
    const struct delivery *delivery, size_t rcpt);

#endif
