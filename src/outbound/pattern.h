/* SPDX-License-Identifier: ISC */
/*
 * pattern.h - what is known of replies, as data: rows that a reply is held against in their order;
 * the first that fits says what it means.  pattern.c has what providers have in common,
 * pattern_provider.c what one of them says in its own way; the provider's rows come first.
 */
#ifndef OUTBOUND_PATTERN_H
#define OUTBOUND_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "outbound/classify.h"

#define IN(step)    (1u << (step))
#define SESSION     (IN(STEP_GREETING) | IN(STEP_EHLO) | IN(STEP_STARTTLS) | IN(STEP_AUTH))
#define CONTENT     (IN(STEP_DATA) | IN(STEP_DOT))
#define TRANSACTION (IN(STEP_MAIL) | IN(STEP_RCPT) | CONTENT)
/* Where "account" and "limit" are not those of a recipient. */
#define OURS (SESSION | IN(STEP_MAIL) | CONTENT)

struct pattern {
	unsigned steps;
	int code;             /* 0: any that begins with 4 or 5 */
	const char *enhanced; /* NULL: any; with a dot at its end, what it begins with */
	const char *text;     /* occurs in the text, in any case; a * stands for whatever is
				 between; NULL: any */
	struct verdict verdict;
};

#define HELD(kind, words)                                        \
	{                                                        \
		.fate = FATE_HOLD, .hold = kind, .remedy = words \
	}
#define LOGIN(words)   HELD(HOLD_LOGIN, words)
#define ACCOUNT(words) HELD(HOLD_ACCOUNT, words)
#define SLOWER(words)                                                         \
	{                                                                     \
		.fate = FATE_SLOW, .throttle = THROTTLE_RATE, .remedy = words \
	}
#define FEWER(words)                                                                 \
	{                                                                            \
		.fate = FATE_SLOW, .throttle = THROTTLE_CONNECTIONS, .remedy = words \
	}
#define MEANS(what)           \
	{                     \
		.fate = what, \
	}
/* The class of the code decides the fate, as for replies that nobody knows; the words help. */
#define BY_CLASS(words)                           \
	{                                         \
		.fate = FATE_OK, .remedy = words, \
	}

struct pattern_list {
	const struct pattern *rows;
	size_t count;
};

/* What holds for every provider. */
struct pattern_list pattern_general(void);

/* What holds for the provider with this host, besides; empty for one that is not known. */
struct pattern_list pattern_of_provider(const char *host);

bool pattern_fits(const struct pattern *pattern, enum step step, int code, const char *enhanced,
    const char *text);

#endif
