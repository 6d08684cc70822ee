/* SPDX-License-Identifier: ISC */
/* step.c - see step.h.  A clock that is slewed towards the right time is off by less between looks,
 * and is followed. */
#include "outbound/step.h"

#include <stdlib.h>

enum { STEP_MS = 5000 };

void
step_init(struct step *step, int64_t real_ms, int64_t mono_ms)
{
	*step = (struct step){ .offset_ms = real_ms - mono_ms, .since_ms = mono_ms };
}

int64_t
step_look(struct step *step, int64_t real_ms, int64_t mono_ms)
{
	int64_t by_ms = real_ms - mono_ms - step->offset_ms;

	step->offset_ms += by_ms;
	if (llabs(by_ms) < STEP_MS)
		return 0;
	step->since_ms = mono_ms;
	return by_ms;
}

uint64_t
step_quiet_ms(const struct step *step, int64_t mono_ms)
{
	return (uint64_t)(mono_ms - step->since_ms);
}
