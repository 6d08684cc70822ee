/* SPDX-License-Identifier: ISC */
/* domain.c - domains label by label, literals by what their tag says. */
#include "smtp/domain.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool
is_alnum(char octet)
{
	return (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') ||
	       (octet >= 'a' && octet <= 'z');
}

static bool
is_label_octet(char octet, bool utf8)
{
	return is_alnum(octet) || octet == '-' || octet == '_' || (utf8 && (octet & 0x80) != 0);
}

static size_t
label_span(const char *text, size_t len, bool utf8)
{
	size_t n = 0;

	while (n < len && is_label_octet(text[n], utf8))
		n++;
	if (n == 0 || n > SMTP_LABEL_MAX || text[0] == '-' || text[n - 1] == '-')
		return 0;
	return n;
}

size_t
smtp_domain_span(const char *text, size_t len, bool utf8)
{
	size_t n = 0;

	for (;;) {
		size_t label = label_span(text + n, len - n, utf8);

		if (label == 0)
			return 0;
		n += label;
		if (n == len || text[n] != '.')
			return n;
		n++;
	}
}

bool
smtp_domain_is_valid(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= SMTP_DOMAIN_MAX && smtp_domain_span(text, len, false) == len;
}

/* Whether the len octets are an address as inet_pton() reads it. */
static bool
is_address(int family, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char address[sizeof(struct in6_addr)];

	if (len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(family, copy, address) == 1;
}

/* General-address-literal: a tag of letters, digits and hyphens, a colon, dcontent. */
static bool
is_general(const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);

	if (colon == NULL || colon == text || colon == text + len - 1 || !is_alnum(colon[-1]))
		return false;
	for (const char *p = text; p < colon; p++)
		if (!is_alnum(*p) && *p != '-')
			return false;
	for (const char *p = colon + 1; p < text + len; p++)
		if (*p < '!' || *p > '~' || strchr("[\\]", *p) != NULL)
			return false;
	return true;
}

size_t
smtp_literal_span(const char *text, size_t len)
{
	static const char ipv6[] = "IPv6:";
	const char *close = len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;

	if (close == NULL)
		return 0;

	const char *inner = text + 1;
	size_t inner_len = (size_t)(close - inner);
	bool valid;

	if (inner_len >= sizeof ipv6 - 1 && strncasecmp(inner, ipv6, sizeof ipv6 - 1) == 0)
		valid =
		    is_address(AF_INET6, inner + sizeof ipv6 - 1, inner_len - (sizeof ipv6 - 1));
	else
		valid = is_address(AF_INET, inner, inner_len) || is_general(inner, inner_len);
	return valid ? inner_len + 2 : 0;
}

bool
smtp_literal_is_valid(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= SMTP_DOMAIN_MAX && smtp_literal_span(text, len) == len;
}
