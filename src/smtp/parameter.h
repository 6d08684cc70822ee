/* SPDX-License-Identifier: ISC */
/* parameter.h - the parameters behind the path of MAIL and RCPT (RFC 5321 4.1.1.11), for command.c.
 */
#ifndef SMTP_PARAMETER_H
#define SMTP_PARAMETER_H

#include <stddef.h>

#include "smtp/command.h"

/*
 * Read "SIZE=10 BODY=8BITMIME": into out, whose other members are left alone.  NULL, or what to
 * answer; see smtp_mail_parse() for offered.
 */
const struct smtp_status *
smtp_mail_parameters(const char *text, size_t len, unsigned offered, struct smtp_mail *out);
const struct smtp_status *
smtp_rcpt_parameters(const char *text, size_t len, unsigned offered, struct smtp_rcpt *out);

#endif
