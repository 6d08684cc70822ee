/* SPDX-License-Identifier: ISC */
/*
 * qualify.h - addresses of a header without a domain, as cron's "From: root (Cron Daemon)", get
 * one: many an upstream refuses them (RFC 6409 8.1).  Pure.
 */
#ifndef SENDMAIL_QUALIFY_H
#define SENDMAIL_QUALIFY_H

#include <stddef.h>

struct str;

/* Append a whole field, completed if it is one of addresses.  One that is malformed, and all that
 * is no bare local part, stays octet by octet. */
void qualify_field(struct str *out, const char *field, size_t len, const char *domain);

#endif
