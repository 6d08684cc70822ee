/* SPDX-License-Identifier: ISC */
/*
 * fuzz_proxy.c - headers of the PROXY protocol: one that is taken may not be taken before its end
 * has come, and means the same whatever follows.
 */
#include <netinet/in.h>
#include <string.h>

#include "fuzz.h"
#include "net/proxy_header.h"

/* From a buffer of just that size: a read beyond it shows. */
static enum proxy_result
parse(const uint8_t *data, size_t size, struct proxy_header *out)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	must(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);

	enum proxy_result result = proxy_header_parse(copy, size, out);

	free(copy);
	return result;
}

static void
check_client(const struct proxy_header *header)
{
	if (!header->has_client)
		return;
	must(header->client.ss_family == AF_INET || header->client.ss_family == AF_INET6);
	must(header->client_len == (header->client.ss_family == AF_INET
					   ? sizeof(struct sockaddr_in)
					   : sizeof(struct sockaddr_in6)));
}

static void
check_whole(const uint8_t *data, const struct proxy_header *header)
{
	struct proxy_header alone;

	must(parse(data, header->len, &alone) == PROXY_OK);
	must(alone.len == header->len && alone.has_client == header->has_client);
	must(alone.client_len == header->client_len);
	must(memcmp(&alone.client, &header->client, header->client_len) == 0);
	check_client(header);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header header, cut;
	enum proxy_result result = parse(data, size, &header);
	size_t whole = result == PROXY_OK ? header.len : size;

	must(whole <= size);
	must(result != PROXY_OK || whole <= PROXY_HEADER_MAX);
	must(result != PROXY_MORE || size < PROXY_HEADER_MAX);
	if (result == PROXY_OK)
		check_whole(data, &header);
	/* What is refused may be so early; what is not has to be waited for. */
	for (size_t len = 0; len < whole; len += 1 + len / 32)
		must(parse(data, len, &cut) == PROXY_MORE || result == PROXY_BAD);
	return 0;
}
