/* SPDX-License-Identifier: ISC */
/* enhanced.h - enhanced status codes (RFC 3463): "class.subject.detail". */
#ifndef SMTP_ENHANCED_H
#define SMTP_ENHANCED_H

#include <stddef.h>

enum { SMTP_ENHANCED_SIZE = 10 }; /* "5.999.999" and its NUL */

struct smtp_enhanced {
	int class;   /* 2, 4 or 5 */
	int subject; /* 0..999 */
	int detail;  /* 0..999 */
};

/* Read a code at the start of text, up to a space or the end.  Returns its length; 0: none. */
size_t smtp_enhanced_parse(const char *text, struct smtp_enhanced *out);

#endif
