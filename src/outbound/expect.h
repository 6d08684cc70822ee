/* SPDX-License-Identifier: ISC */
/*
 * expect.h - the replies that are outstanding on an uplink, in the order of their commands.  A
 * reply belongs to the oldest expectation: nothing else matches replies to commands.  Pure.
 */
#ifndef OUTBOUND_EXPECT_H
#define OUTBOUND_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outbound/classify.h"

struct transaction;

enum { EXPECT_MAX = 512 };

struct expectation {
	struct transaction *transaction; /* NULL: of none */
	uint64_t sent_at;                /* where the command ends in all that is sent */
	enum step step;
	uint32_t rcpt; /* STEP_RCPT: which one of the delivery */
};

/* All zeros: empty. */
struct expect {
	struct expectation ring[EXPECT_MAX];
	size_t first, count;
};

/* How many more may be added. */
size_t expect_room(const struct expect *expect);

/* There must be room. */
void expect_add(struct expect *expect, const struct expectation *expectation);

/* The oldest one; NULL: none. */
const struct expectation *expect_first(const struct expect *expect);

/* Take the oldest one, which must be there. */
struct expectation expect_take(struct expect *expect);

void expect_clear(struct expect *expect);

#endif
