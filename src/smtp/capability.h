/* SPDX-License-Identifier: ISC */
/* capability.h - what an EHLO reply says (RFC 5321 4.1.1.1): read and written. */
#ifndef SMTP_CAPABILITY_H
#define SMTP_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp/extension.h"

struct str;

/* X(NAME, "NAME"): SASL mechanisms that postern knows. */
#define SMTP_MECHANISMS(X)                          \
	X(PLAIN, "PLAIN")                           \
	X(LOGIN, "LOGIN")                           \
	X(CRAM_MD5, "CRAM-MD5")                     \
	X(DIGEST_MD5, "DIGEST-MD5")                 \
	X(SCRAM_SHA_1, "SCRAM-SHA-1")               \
	X(SCRAM_SHA_1_PLUS, "SCRAM-SHA-1-PLUS")     \
	X(SCRAM_SHA_256, "SCRAM-SHA-256")           \
	X(SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS") \
	X(XOAUTH2, "XOAUTH2")                       \
	X(OAUTHBEARER, "OAUTHBEARER")               \
	X(EXTERNAL, "EXTERNAL")

enum smtp_mechanism_index {
#define X(name, text) SMTP_MECH_INDEX_##name,
	SMTP_MECHANISMS(X)
#undef X
	    SMTP_MECH_COUNT
};

/* SMTP_MECH_PLAIN, ...: sets of them are unsigned. */
enum smtp_mechanism {
#define X(name, text) SMTP_MECH_##name = 1 << SMTP_MECH_INDEX_##name,
	SMTP_MECHANISMS(X)
#undef X
};

enum { SMTP_AUTH_TEXT_SIZE = 256 };

/* What one side offers.  All zeros: nothing, as after HELO. */
struct smtp_capabilities {
	unsigned extensions; /* set of smtp_extension */
	unsigned mechanisms; /* set of smtp_mechanism */
	uint64_t size;       /* RFC 1870, octets; 0: no fixed limit is known */
	uint32_t rcpt_max;   /* LIMITS (RFC 9422): recipients of a transaction; 0: unsaid */
	uint32_t mail_max;   /* transactions of a connection; 0: unsaid */
	/* FUTURERELEASE (RFC 4865), only written: how long a message may be held, and until when.
	 */
	uint32_t hold_max_s;
	int64_t hold_until_ms;
	char auth_text[SMTP_AUTH_TEXT_SIZE]; /* all mechanisms as offered: "PLAIN LOGIN NTLM" */
};

/*
 * Read the text of an EHLO reply: lines joined with '\n', the first one being the greeting.
 * "AUTH=PLAIN" counts as "AUTH PLAIN".
 */
void smtp_capabilities_parse(const char *text, struct smtp_capabilities *out);

static inline bool
smtp_offers(const struct smtp_capabilities *capabilities, enum smtp_extension extension)
{
	return (capabilities->extensions & (unsigned)extension) != 0;
}

/* Append the whole reply to EHLO: "250-hostname", then a line for each extension offered. */
void smtp_capabilities_format(
    struct str *out, const char *hostname, const struct smtp_capabilities *offered);

/* "SCRAM-SHA-256" for a single mechanism; NULL if mechanism is none or several. */
const char *smtp_mechanism_name(unsigned mechanism);

#endif
