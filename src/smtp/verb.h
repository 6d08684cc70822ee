/* SPDX-License-Identifier: ISC */
/* verb.h - the verbs of SMTP by name (RFC 5321 4.1.1, RFC 3030, 3207, 4954), for every table. */
#ifndef SMTP_VERB_H
#define SMTP_VERB_H

#include <stddef.h>

/* X(NAME): the verb as it stands on the wire. */
#define SMTP_VERBS(X) \
	X(EHLO)       \
	X(HELO)       \
	X(MAIL)       \
	X(RCPT)       \
	X(DATA)       \
	X(BDAT)       \
	X(RSET)       \
	X(NOOP)       \
	X(QUIT)       \
	X(VRFY)       \
	X(EXPN)       \
	X(HELP)       \
	X(STARTTLS)   \
	X(AUTH)

enum smtp_verb {
	SMTP_VERB_UNKNOWN,
#define X(name) SMTP_VERB_##name,
	SMTP_VERBS(X)
#undef X
	    SMTP_VERB_COUNT
};

/* The verb that the len octets of word name, in either case; SMTP_VERB_UNKNOWN if none. */
enum smtp_verb smtp_verb_find(const char *word, size_t len);

/* "MAIL"; "?" for SMTP_VERB_UNKNOWN. */
const char *smtp_verb_name(enum smtp_verb verb);

#endif
