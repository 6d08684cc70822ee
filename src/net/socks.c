/* SPDX-License-Identifier: ISC */
/* socks.c - one function for each answer of the proxy; see socks.h. */
#include "net/socks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <string.h>

enum {
	VERSION = 5,
	LOGIN_VERSION = 1,
	METHOD_NONE = 0,
	METHOD_LOGIN = 2,
	METHOD_NO_MATCH = 0xff,
	COMMAND_CONNECT = 1,
	TYPE_INET4 = 1,
	TYPE_NAME = 3,
	TYPE_INET6 = 4,
	HEAD_LEN = 5, /* of the last answer: as much as tells how long it is */
};

static void
put(struct socks *socks, const void *data, size_t len)
{
	memcpy(socks->out + socks->out_len, data, len);
	socks->out_len += len;
}

static void
put_octet(struct socks *socks, unsigned value)
{
	put(socks, &(unsigned char){ (unsigned char)value }, 1);
}

static void
put_text(struct socks *socks, const char *text)
{
	put_octet(socks, (unsigned)strlen(text));
	put(socks, text, strlen(text));
}

static enum socks_result
expect(struct socks *socks, size_t len, enum socks_result (*take)(struct socks *socks))
{
	socks->need = len;
	socks->take = take;
	return SOCKS_MORE;
}

static enum socks_result
fail(struct socks *socks, const char *why)
{
	socks->why = why;
	socks->need = 0;
	return SOCKS_FAILED;
}

static enum socks_result
take_address(struct socks *socks)
{
	(void)socks;
	return SOCKS_OPEN;
}

/* RFC 1928 6. */
static enum socks_result
take_reply(struct socks *socks)
{
	static const char *const words[] = {
		[1] = "general failure",
		[2] = "its rules do not allow the connection",
		[3] = "network unreachable for the proxy",
		[4] = "host unreachable for the proxy, or its name is not known there",
		[5] = "connection refused by the destination",
		[6] = "TTL expired",
		[7] = "it does not know the command CONNECT",
		[8] = "it does not know this type of address",
	};
	unsigned code = socks->in[1];

	if (socks->in[0] != VERSION)
		return fail(socks, "it does not speak SOCKS5");
	if (code >= sizeof words / sizeof *words)
		return fail(socks, "it refuses for a reason of its own");
	if (code != 0)
		return fail(socks, words[code]);
	/* The address that it connects from, of which one octet is here, and a port. */
	switch (socks->in[3]) {
	case TYPE_INET4:
		return expect(socks, 4 - 1 + 2, take_address);
	case TYPE_INET6:
		return expect(socks, 16 - 1 + 2, take_address);
	case TYPE_NAME:
		return expect(socks, socks->in[4] + 2U, take_address);
	default:
		return fail(socks, "it does not speak SOCKS5");
	}
}

/* RFC 1928 4. */
static enum socks_result
ask_to_connect(struct socks *socks)
{
	struct in_addr in;
	struct in6_addr in6;
	const uint16_t port = htons(socks->port);

	put(socks, (unsigned char[]){ VERSION, COMMAND_CONNECT, 0 }, 3);
	if (inet_pton(AF_INET, socks->host, &in) == 1) {
		put_octet(socks, TYPE_INET4);
		put(socks, &in, sizeof in);
	} else if (inet_pton(AF_INET6, socks->host, &in6) == 1) {
		put_octet(socks, TYPE_INET6);
		put(socks, &in6, sizeof in6);
	} else {
		put_octet(socks, TYPE_NAME);
		put_text(socks, socks->host);
	}
	put(socks, &port, sizeof port);
	return expect(socks, HEAD_LEN, take_reply);
}

/* RFC 1929 2. */
static enum socks_result
take_login(struct socks *socks)
{
	if (socks->in[0] != LOGIN_VERSION)
		return fail(socks, "it does not speak SOCKS5");
	if (socks->in[1] != 0)
		return fail(socks, "it refuses the username or the password");
	return ask_to_connect(socks);
}

static enum socks_result
take_method(struct socks *socks)
{
	if (socks->in[0] != VERSION)
		return fail(socks, "it does not speak SOCKS5");
	if (socks->in[1] == METHOD_NONE)
		return ask_to_connect(socks);
	if (socks->in[1] == METHOD_NO_MATCH)
		return fail(socks, socks->username != NULL
				       ? "it takes no login with a username and a password"
				       : "it wants a login: set proxy_username");
	if (socks->in[1] != METHOD_LOGIN || socks->username == NULL)
		return fail(socks, "it chose a login that was not offered");
	put_octet(socks, LOGIN_VERSION);
	put_text(socks, socks->username);
	put_text(socks, socks->password);
	return expect(socks, 2, take_login);
}

void
socks_begin(struct socks *socks, const char *host, uint16_t port, const char *username,
    const char *password)
{
	*socks = (struct socks){
		.host = host, .port = port, .username = username, .password = password
	};
	put_octet(socks, VERSION);
	put_octet(socks, username != NULL ? 2 : 1);
	put_octet(socks, METHOD_NONE);
	if (username != NULL)
		put_octet(socks, METHOD_LOGIN);
	expect(socks, 2, take_method);
}

enum socks_result
socks_feed(struct socks *socks, const void *data, size_t len)
{
	memcpy(socks->in + socks->in_len, data, len);
	socks->in_len += len;
	socks->need -= len;
	if (socks->need > 0)
		return SOCKS_MORE;
	socks->in_len = 0;
	return socks->take(socks);
}

void
socks_clear(struct socks *socks)
{
	OPENSSL_cleanse(socks->out, sizeof socks->out);
	socks->out_len = 0;
}
