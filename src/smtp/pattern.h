/* SPDX-License-Identifier: ISC */
/*
 * pattern.h - patterns of addresses: `*` stands for any octets, `?` for one, nothing else for
 * anything but itself, whatever the case; so an address literal in its brackets means itself.
 */
#ifndef SMTP_PATTERN_H
#define SMTP_PATTERN_H

#include <stdbool.h>

/* Whether the whole text is what the pattern says. */
bool smtp_pattern_fits(const char *pattern, const char *text);

/*
 * Whether a pattern means a mailbox: one with an @ all of it, one without its domain alone, and
 * "<>" the null reverse-path, which is "" and which no other pattern means.
 */
bool smtp_pattern_means(const char *pattern, const char *mailbox);

/* NULL, or why the pattern means no mailbox at all. */
const char *smtp_pattern_check(const char *pattern);

#endif
