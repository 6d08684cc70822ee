/* SPDX-License-Identifier: ISC */
/* rig_series.c - see rig_series.h. */
#include "config.h"

#include "rig_series.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "spool/outcomes.h"

enum { SMALL = 128 * 1024 };

struct series series_loaded;

void
series_take(void *ctx, const struct outcome *outcome)
{
	struct series *l = ctx;

	ck_assert_uint_lt(l->count, 2 * MANY);
	if (outcome->reply != NULL)
		snprintf(l->reply[l->count], sizeof l->reply[0], "%s", outcome->reply);

	l->outcome[l->count++] = *outcome;
}

size_t
series_load(struct spool_outcomes *outcomes, uint64_t segment)
{
	memset(&series_loaded, 0, sizeof series_loaded);
	ck_assert_int_eq(spool_outcomes_load(outcomes, segment, series_take, &series_loaded), 0);
	return series_loaded.count;
}

int
series_record(struct spool_outcomes *outcomes, uint64_t segment, uint64_t i)
{
	char reply[64];
	const struct outcome outcome = {
		.kind = OUTCOME_DELIVERED + (enum outcome_kind)(i % 8),
		.id = i * 1000,
		.offset = (uint32_t)i * 64,
		.rcpt = (uint32_t)i % 3,
		.time_ms = 1700000000000 + (int64_t)i,
		.reply = i % 4 == 0 ? NULL : reply,
	};

	snprintf(reply, sizeof reply, "250 2.0.0 queued as %d", (int)i);
	return spool_outcome_record(outcomes, segment, &outcome);
}

void
series_check(const struct outcome *outcome, uint64_t i)
{
	ck_assert_uint_eq(outcome->id, i * 1000);
	ck_assert_int_eq(outcome->kind, OUTCOME_DELIVERED + i % 8);
	ck_assert_uint_eq(outcome->offset, i * 64);
	ck_assert_uint_eq(outcome->rcpt, i % 3);
	ck_assert_int_eq(outcome->time_ms, 1700000000000 + (int64_t)i);
}

void
series_make_segment(struct rig *rig)
{
	rig_open(rig, SMALL);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_writer(rig);
	ck_assert_int_eq(rig_put(rig, 1, 1000), 0);
	rig_writer_free(rig);
}
