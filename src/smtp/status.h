/* SPDX-License-Identifier: ISC */
/* status.h - what a server answers, as data: rows of static tables, never built. */
#ifndef SMTP_STATUS_H
#define SMTP_STATUS_H

struct smtp_status {
	int code;             /* 200..599, RFC 5321 4.2 */
	const char *enhanced; /* "5.5.4", RFC 3463; NULL: none (greeting, EHLO, 354) */
	const char *text;     /* what people read; no CR or LF */
};

#endif
