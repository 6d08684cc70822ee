/* SPDX-License-Identifier: ISC */
/* rig_series.h - a series of outcomes, each of which tells its place in it. */
#ifndef TESTS_SPOOL_RIG_SERIES_H
#define TESTS_SPOOL_RIG_SERIES_H

#include "rig.h"

enum { MANY = 100 };

struct series {
	struct outcome outcome[2 * MANY];
	char reply[2 * MANY][OUTCOME_REPLY_MAX + 1];
	size_t count;
};

/* What was loaded last. */
extern struct series series_loaded;

/* A spool with a segment 1; the log goes nowhere. */
void series_make_segment(struct rig *rig);

/* Record the i-th. */
int series_record(struct spool_outcomes *outcomes, uint64_t segment, uint64_t i);

/* It is the i-th. */
void series_check(const struct outcome *outcome, uint64_t i);

/* Add it to the struct series at ctx. */
void series_take(void *ctx, const struct outcome *outcome);

/* All of the segment into series_loaded: how many. */
size_t series_load(struct spool_outcomes *outcomes, uint64_t segment);

#endif
