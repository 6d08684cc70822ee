/* SPDX-License-Identifier: ISC */
/*
 * sizes.c - see sizes.h.  A slot that is given to another party is stale while it changes, and who
 * reads it looks at the party again afterwards.
 */
#include "base/sizes.h"

#include <stddef.h>

/* FNV-1a, which goes on from seed. */
static uint64_t
hash(uint64_t seed, const char *text)
{
	do {
		seed = (seed ^ (unsigned char)*text) * 0x100000001b3u;
	} while (*text++ != '\0');
	return seed;
}

static uint64_t
party_of(const char *name, const char *host)
{
	return hash(hash(0xcbf29ce484222325u, name), host) | 1;
}

void
sizes_tell(struct sizes *sizes, const char *name, const char *host, uint64_t size, int64_t mono_ms)
{
	uint64_t party = party_of(name, host);
	size_t place = SIZES_MAX;

	for (size_t i = 0; i < SIZES_MAX; i++) {
		uint64_t there = atomic_load(&sizes->slot[i].party);

		if (there == party) {
			place = i;
			break;
		}
		if (place == SIZES_MAX &&
		    (there == 0 || mono_ms - atomic_load(&sizes->slot[i].told_ms) > SIZES_AGE_MS))
			place = i;
	}
	if (place == SIZES_MAX)
		return;
	if (atomic_load(&sizes->slot[place].party) != party)
		atomic_store(&sizes->slot[place].party, 0);
	atomic_store(&sizes->slot[place].size, size);
	atomic_store(&sizes->slot[place].told_ms, mono_ms);
	atomic_store(&sizes->slot[place].party, party);
}

uint64_t
sizes_look(const struct sizes *sizes, const char *name, const char *host, int64_t mono_ms)
{
	uint64_t party = party_of(name, host);

	for (size_t i = 0; i < SIZES_MAX; i++) {
		if (atomic_load(&sizes->slot[i].party) != party)
			continue;

		uint64_t size = atomic_load(&sizes->slot[i].size);
		int64_t told_ms = atomic_load(&sizes->slot[i].told_ms);

		if (atomic_load(&sizes->slot[i].party) == party &&
		    mono_ms - told_ms <= SIZES_AGE_MS)
			return size;
	}
	return 0;
}
