/* SPDX-License-Identifier: ISC */
/* extension.h - the service extensions that postern knows, as bits: offered or used. */
#ifndef SMTP_EXTENSION_H
#define SMTP_EXTENSION_H

/* X(NAME, "KEYWORD"): in the order in which EHLO lists them. */
#define SMTP_EXTENSIONS(X)                            \
	X(PIPELINING, "PIPELINING")                   \
	X(SIZE, "SIZE")                               \
	X(STARTTLS, "STARTTLS")                       \
	X(AUTH, "AUTH")                               \
	X(8BITMIME, "8BITMIME")                       \
	X(ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES") \
	X(DSN, "DSN")                                 \
	X(SMTPUTF8, "SMTPUTF8")                       \
	X(CHUNKING, "CHUNKING")                       \
	X(BINARYMIME, "BINARYMIME")                   \
	X(REQUIRETLS, "REQUIRETLS")                   \
	X(MT_PRIORITY, "MT-PRIORITY")                 \
	X(FUTURERELEASE, "FUTURERELEASE")             \
	X(LIMITS, "LIMITS")

enum smtp_extension_index {
#define X(name, keyword) SMTP_EXT_INDEX_##name,
	SMTP_EXTENSIONS(X)
#undef X
	    SMTP_EXT_COUNT
};

/* SMTP_EXT_PIPELINING, ...: sets of them are unsigned. */
enum smtp_extension {
#define X(name, keyword) SMTP_EXT_##name = 1 << SMTP_EXT_INDEX_##name,
	SMTP_EXTENSIONS(X)
#undef X
};

#endif
