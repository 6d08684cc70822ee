/* SPDX-License-Identifier: ISC */
/* meter.c - see meter.h. */
#include "outbound/meter.h"

void
meter_add(struct meter *meter, int64_t mono_ms)
{
	int64_t second = mono_ms / 1000;

	if (second - meter->second >= METER_SECONDS)
		*meter = (struct meter){ .second = second };
	while (meter->second < second)
		meter->count[++meter->second % METER_SECONDS] = 0;
	meter->count[second % METER_SECONDS]++;
}

double
meter_per_s(const struct meter *meter, int64_t window_s, int64_t mono_ms)
{
	int64_t now = mono_ms / 1000, first = now;
	uint64_t sum = 0;

	for (int64_t second = now - window_s + 1; second <= meter->second; second++) {
		uint32_t count = second < 0 ? 0 : meter->count[second % METER_SECONDS];

		if (sum == 0 && count > 0)
			first = second;
		sum += count;
	}

	double passed = (double)(mono_ms - first * 1000) / 1000;

	return (double)sum / (passed < 1 ? 1 : passed);
}
