/* SPDX-License-Identifier: ISC */
/*
 * step.h - whether the wall clock goes on as it did: it steps when somebody sets it, and when the
 * machine slept, which the monotonic clock does not count.  Pure: times are arguments, in
 * milliseconds.
 */
#ifndef OUTBOUND_STEP_H
#define OUTBOUND_STEP_H

#include <stdint.h>

struct step {
	int64_t offset_ms; /* of the wall clock to the monotonic one */
	int64_t since_ms;  /* monotonic: of the last step, or of the beginning */
};

void step_init(struct step *step, int64_t real_ms, int64_t mono_ms);

/* By how much it has stepped, forwards or (below 0) backwards, since the last look; 0: by nothing
 * that matters. */
int64_t step_look(struct step *step, int64_t real_ms, int64_t mono_ms);

/* For how long it has not stepped. */
uint64_t step_quiet_ms(const struct step *step, int64_t mono_ms);

#endif
