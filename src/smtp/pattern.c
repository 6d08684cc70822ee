/* SPDX-License-Identifier: ISC */
/*
 * pattern.c - see pattern.h.  Matching goes back at most to the last star, so its time is bounded
 * by the product of both lengths: no pattern can hold up the loop.
 */
#include "smtp/pattern.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const char null_path[] = "<>";

bool
smtp_pattern_fits(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?' ||
			   tolower((unsigned char)*pattern) == tolower((unsigned char)*text)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

bool
smtp_pattern_means(const char *pattern, const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');

	if (at == NULL || strcmp(pattern, null_path) == 0)
		return *mailbox == '\0' && strcmp(pattern, null_path) == 0;
	return smtp_pattern_fits(pattern, strchr(pattern, '@') != NULL ? mailbox : at + 1);
}

const char *
smtp_pattern_check(const char *pattern)
{
	const char *at = strrchr(pattern, '@'), *domain = at != NULL ? at + 1 : pattern;
	size_t len = strlen(domain);

	if (strcmp(pattern, null_path) == 0)
		return NULL;
	if (*pattern == '\0')
		return "empty";
	for (const char *octet = pattern; *octet != '\0'; octet++)
		if ((unsigned char)*octet < ' ' || *octet == 0x7f)
			return "has control characters";
	if (at == pattern)
		return "has nothing before its @";
	if (len == 0)
		return "has nothing behind its @";
	if (strpbrk(domain, " <>(),;\"") != NULL)
		return "has characters that no domain has";
	if (domain[0] == '.' || domain[len - 1] == '.' || strstr(domain, "..") != NULL)
		return "has an empty part in its domain";
	return NULL;
}
