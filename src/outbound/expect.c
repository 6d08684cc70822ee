/* SPDX-License-Identifier: ISC */
/* expect.c - see expect.h. */
#include "outbound/expect.h"

#include <assert.h>

size_t
expect_room(const struct expect *expect)
{
	return EXPECT_MAX - expect->count;
}

void
expect_add(struct expect *expect, const struct expectation *expectation)
{
	assert(expect->count < EXPECT_MAX);
	expect->ring[(expect->first + expect->count++) % EXPECT_MAX] = *expectation;
}

const struct expectation *
expect_first(const struct expect *expect)
{
	return expect->count > 0 ? &expect->ring[expect->first] : NULL;
}

struct expectation
expect_take(struct expect *expect)
{
	size_t at = expect->first;

	assert(expect->count > 0);
	expect->first = (at + 1) % EXPECT_MAX;
	expect->count--;
	return expect->ring[at];
}

void
expect_clear(struct expect *expect)
{
	expect->first = expect->count = 0;
}
