/* SPDX-License-Identifier: ISC */
/*
 * socks.h - the client's side of SOCKS5 (RFC 1928) with a username and password (RFC 1929), as a
 * state machine without sockets.  Never is more asked for than the proxy's answer has: what follows
 * is the upstream's.
 */
#ifndef NET_SOCKS_H
#define NET_SOCKS_H

#include <stddef.h>
#include <stdint.h>

enum {
	SOCKS_TEXT_MAX = 255
}; /* octets of a host name, a username, a password: RFC 1928 4, 1929 2 */

enum socks_result {
	SOCKS_MORE,   /* send what is in out, then read `need` octets */
	SOCKS_OPEN,   /* connected */
	SOCKS_FAILED, /* why tells */
};

struct socks {
	/* For the caller. */
	unsigned char out[3 + 2 * SOCKS_TEXT_MAX]; /* holds the password: see socks_clear() */
	size_t out_len;
	size_t need;     /* octets that are still to be read, and no more */
	const char *why; /* constant text */

	/* Private. */
	enum socks_result (*take)(struct socks *socks);
	unsigned char in[4 + 1 + SOCKS_TEXT_MAX + 2];
	size_t in_len;
	const char *host, *username, *password;
	uint16_t port;
};

/*
 * Begin to ask for a connection to host (a name, which the proxy resolves, or an address) and port.
 * username NULL: without a login.  The texts are borrowed and of at most SOCKS_TEXT_MAX octets.
 */
void socks_begin(struct socks *socks, const char *host, uint16_t port, const char *username,
    const char *password);

/* Octets that were read, at most `need`; out is empty before. */
enum socks_result socks_feed(struct socks *socks, const void *data, size_t len);

/* Cleanse what may hold the password. */
void socks_clear(struct socks *socks);

#endif
