/* SPDX-License-Identifier: ISC */
/* cidr.c - networks as 128 bits: an IPv4 prefix is 96 bits longer. */
#include "base/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/parse.h"

enum { MAPPED_BITS = 96 };

static const unsigned char mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };
static const struct cidr loopback4 = { { [10] = 0xff, [11] = 0xff, [12] = 127 }, MAPPED_BITS + 8 };
static const struct cidr loopback6 = { { [15] = 1 }, 128 };

/* Whether the first bits of a and b are the same. */
static bool
same_prefix(const unsigned char a[16], const unsigned char b[16], unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

/* Read a host address; returns the bits a prefix of its family may have, 0 if it is none. */
static unsigned
parse_host(const char *host, unsigned char out[16])
{
	memcpy(out, mapped_prefix, sizeof mapped_prefix);
	if (inet_pton(AF_INET, host, out + sizeof mapped_prefix) == 1)
		return 32;
	return inet_pton(AF_INET6, host, out) == 1 ? 128 : 0;
}

static bool
has_host_bits(const struct cidr *network)
{
	unsigned char masked[16] = { 0 };
	unsigned bytes = network->bits / 8, rest = network->bits % 8;

	memcpy(masked, network->address, bytes);
	if (rest > 0)
		masked[bytes] = (unsigned char)(network->address[bytes] & (0xff00u >> rest));
	return memcmp(masked, network->address, sizeof masked) != 0;
}

int
cidr_parse(const char *text, struct cidr *out, const char **why)
{
	char host[INET6_ADDRSTRLEN] = "";
	size_t len = strcspn(text, "/");

	if (len < sizeof host)
		memcpy(host, text, len);

	unsigned max = len < sizeof host ? parse_host(host, out->address) : 0;
	uint64_t bits = max;

	if (max == 0) {
		*why = "not an IPv4 or IPv6 address";
		return -1;
	}
	if (text[len] == '/' && parse_number(text + len + 1, 0, max, &bits) < 0) {
		*why = max == 32 ? "the prefix length is not 0 to 32"
				 : "the prefix length is not 0 to 128";
		return -1;
	}
	out->bits = (unsigned)bits + (max == 32 ? MAPPED_BITS : 0);
	if (has_host_bits(out)) {
		*why = "the address has bits set beyond its prefix length";
		return -1;
	}
	return 0;
}

bool
cidr_contains(const struct cidr *network, const struct sockaddr *address)
{
	unsigned char bytes[16];

	if (address->sa_family == AF_INET) {
		memcpy(bytes, mapped_prefix, sizeof mapped_prefix);
		memcpy(bytes + sizeof mapped_prefix,
		    &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
	} else {
		return false;
	}
	return same_prefix(network->address, bytes, network->bits);
}

bool
cidr_is_inside(const struct cidr *network, const struct cidr *outer)
{
	return network->bits >= outer->bits &&
	       same_prefix(network->address, outer->address, outer->bits);
}

bool
cidr_is_loopback(const struct cidr *network)
{
	return cidr_is_inside(network, &loopback4) || cidr_is_inside(network, &loopback6);
}

bool
cidr_list_contains(const struct cidr_list *list, const struct sockaddr *address)
{
	for (size_t i = 0; i < list->count; i++)
		if (cidr_contains(&list->network[i], address))
			return true;
	return false;
}
