/* SPDX-License-Identifier: ISC */
/* clock.c - reading the clocks, and writing times without asking the locale. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t
read_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
clock_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_real_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

/* Split into calendar fields in UTC; returns the milliseconds within the second. */
static int
split(int64_t real_ms, struct tm *tm)
{
	int64_t ms = real_ms % 1000;
	time_t seconds = (time_t)(real_ms / 1000);

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (gmtime_r(&seconds, tm) == NULL)
		*tm = (struct tm){ .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
	return (int)ms;
}

void
clock_format_rfc5322(int64_t real_ms, char out[CLOCK_RFC5322_SIZE])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	split(real_ms, &tm);
	snprintf(out, CLOCK_RFC5322_SIZE, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

#define ISO_SECONDS "%Y-%m-%dT%H:%M:%S"

void
clock_format_seconds(int64_t real_ms, char out[CLOCK_ISO_SIZE])
{
	struct tm tm;

	split(real_ms, &tm);
	strftime(out, CLOCK_ISO_SIZE, ISO_SECONDS "Z", &tm);
}

void
clock_format_iso(int64_t real_ms, char out[CLOCK_ISO_SIZE])
{
	struct tm tm;
	int ms = split(real_ms, &tm);

	size_t len = strftime(out, CLOCK_ISO_SIZE, ISO_SECONDS, &tm);

	snprintf(out + len, CLOCK_ISO_SIZE - len, ".%03uZ", (unsigned)ms % 1000);
}
