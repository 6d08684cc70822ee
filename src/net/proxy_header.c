/* SPDX-License-Identifier: ISC */
/*
 * proxy_header.c - see proxy_header.h.  Strict: what is not exactly a header is none, since who can
 * make one up chooses an address.
 */
#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/parse.h"

enum {
	LINE_MAX_V1 = 107, /* with CRLF */
	WORDS_V1 = 5,      /* TCP4 SOURCE DESTINATION PORT PORT */
	HEAD_V2 = 16,
	COMMAND_LOCAL = 0x20,
	COMMAND_PROXY = 0x21,
	FAMILY_NONE = 0x00,
	FAMILY_TCP4 = 0x11,
	FAMILY_TCP6 = 0x21,
	FAMILY_UNIX = 0x31,
};

static const char signature_v1[] = "PROXY ";
static const unsigned char signature_v2[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55,
	0x49, 0x54, 0x0a };

static void
set_client(struct proxy_header *out, int family, const void *address, uint16_t port)
{
	struct sockaddr_in *in = (void *)&out->client;
	struct sockaddr_in6 *in6 = (void *)&out->client;

	memset(&out->client, 0, sizeof out->client);
	out->has_client = true;
	if (family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address, sizeof in->sin_addr);
		out->client_len = sizeof *in;
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, address, sizeof in6->sin6_addr);
		out->client_len = sizeof *in6;
	}
}

/* "TCP4 192.0.2.1 192.0.2.2 40000 25"; text is used up. */
static enum proxy_result
read_line(char *text, struct proxy_header *out)
{
	char *words[WORDS_V1] = { NULL }, *rest = text;
	unsigned char address[2][sizeof(struct in6_addr)];
	uint64_t ports[2];
	int family;

	for (size_t i = 0; i < WORDS_V1; i++)
		if ((words[i] = strsep(&rest, " ")) == NULL)
			return PROXY_BAD;
	family = strcmp(words[0], "TCP4") == 0   ? AF_INET
		 : strcmp(words[0], "TCP6") == 0 ? AF_INET6
						 : AF_UNSPEC;
	if (rest != NULL || family == AF_UNSPEC)
		return PROXY_BAD;
	for (size_t i = 0; i < 2; i++)
		if (inet_pton(family, words[1 + i], address[i]) != 1 ||
		    parse_number(words[3 + i], 0, UINT16_MAX, &ports[i]) < 0)
			return PROXY_BAD;
	set_client(out, family, address[0], (uint16_t)ports[0]);
	return PROXY_OK;
}

static enum proxy_result
parse_v1(const char *data, size_t len, struct proxy_header *out)
{
	static const char unknown[] = "UNKNOWN";
	size_t max = len < LINE_MAX_V1 ? len : LINE_MAX_V1, prefix = sizeof signature_v1 - 1;
	const char *lf = memchr(data, '\n', max);
	char text[LINE_MAX_V1];

	if (lf == NULL)
		return max < LINE_MAX_V1 ? PROXY_MORE : PROXY_BAD;
	out->len = (size_t)(lf - data) + 1;
	if (out->len < prefix + 2 || lf[-1] != '\r' || memchr(data, '\0', out->len) != NULL)
		return PROXY_BAD;
	memcpy(text, data + prefix, out->len - prefix);
	text[out->len - prefix - 2] = '\0';
	/* What follows means nothing. */
	if (strncmp(text, unknown, sizeof unknown - 1) == 0 &&
	    (text[sizeof unknown - 1] == '\0' || text[sizeof unknown - 1] == ' '))
		return PROXY_OK;
	return read_line(text, out);
}

static uint16_t
read_16(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Source, destination, source's port, destination's port; behind them TLVs, which are skipped. */
static enum proxy_result
parse_v2(const unsigned char *data, size_t len, struct proxy_header *out)
{
	if (len < HEAD_V2)
		return PROXY_MORE;

	size_t rest = read_16(data + 14);
	bool is_local = data[12] == COMMAND_LOCAL, is_inet6 = data[13] == FAMILY_TCP6;
	size_t address_len = is_inet6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);

	out->len = HEAD_V2 + rest;
	if ((!is_local && data[12] != COMMAND_PROXY) || out->len > PROXY_HEADER_MAX)
		return PROXY_BAD;
	if (len < out->len)
		return PROXY_MORE;
	if (is_local || data[13] == FAMILY_NONE || data[13] == FAMILY_UNIX)
		return PROXY_OK;
	if ((data[13] != FAMILY_TCP4 && !is_inet6) || rest < 2 * address_len + 4)
		return PROXY_BAD;
	set_client(out, is_inet6 ? AF_INET6 : AF_INET, data + HEAD_V2,
	    read_16(data + HEAD_V2 + 2 * address_len));
	return PROXY_OK;
}

static bool
begins(const void *data, size_t len, const void *signature, size_t signature_len)
{
	return memcmp(data, signature, len < signature_len ? len : signature_len) == 0;
}

enum proxy_result
proxy_header_parse(const void *data, size_t len, struct proxy_header *out)
{
	*out = (struct proxy_header){ .len = 0 };
	if (len == 0)
		return PROXY_MORE;
	if (begins(data, len, signature_v1, sizeof signature_v1 - 1))
		return parse_v1(data, len, out);
	if (begins(data, len, signature_v2, sizeof signature_v2))
		return parse_v2(data, len, out);
	return PROXY_BAD;
}
