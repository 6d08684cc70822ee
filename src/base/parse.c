/* SPDX-License-Identifier: ISC */
/* parse.c - units are tables; every step is checked for overflow, since the text is a person's. */
#include "base/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = { { "T", 1ull << 40 }, { "G", 1ull << 30 },
	{ "M", 1ull << 20 }, { "K", 1ull << 10 }, { NULL, 1 } };

static const struct unit time_units[] = { { "w", 604800000 }, { "d", 86400000 }, { "h", 3600000 },
	{ "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 } };

/* Read digits at *text and move past them; false if there are none or too many. */
static bool
take_number(const char **text, uint64_t *out)
{
	const char *at = *text;
	uint64_t number = 0;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return false;
	if (at == *text)
		return false;
	*text = at;
	*out = number;
	return true;
}

int
parse_size(const char *text, uint64_t *out)
{
	const struct unit *unit = size_units;
	uint64_t number;

	if (!take_number(&text, &number))
		return -1;
	while (unit->name != NULL && strncasecmp(text, unit->name, 1) != 0)
		unit++;
	if (unit->name != NULL) {
		text++;
		if (strncasecmp(text, "iB", 2) == 0)
			text++;
	}
	if (strcasecmp(text, "B") == 0)
		text++;
	if (*text != '\0' || __builtin_mul_overflow(number, unit->factor, &number))
		return -1;
	*out = number;
	return 0;
}

/* Find the unit that text begins with and move past its letters; NULL if there is none. */
static const struct unit *
take_time_unit(const char **text)
{
	size_t len = strspn(*text, "abcdefghijklmnopqrstuvwxyz");

	for (const struct unit *unit = time_units; unit->name != NULL; unit++)
		if (strlen(unit->name) == len && strncmp(*text, unit->name, len) == 0) {
			*text += len;
			return unit;
		}
	return NULL;
}

int
parse_duration(const char *text, uint64_t *out_ms)
{
	uint64_t total = 0, below = UINT64_MAX, number;

	if (parse_number(text, 0, INT64_MAX / 1000, &number) == 0) {
		*out_ms = number * 1000;
		return 0;
	}
	do {
		if (!take_number(&text, &number))
			return -1;

		const struct unit *unit = take_time_unit(&text);

		if (unit == NULL || unit->factor >= below ||
		    __builtin_mul_overflow(number, unit->factor, &number) ||
		    __builtin_add_overflow(total, number, &total) || total > INT64_MAX)
			return -1;
		below = unit->factor;
	} while (*text != '\0');
	*out_ms = total;
	return 0;
}

int
parse_rate(const char *text, struct rate *out)
{
	uint64_t count;

	if (!take_number(&text, &count) || count == 0 || count > UINT32_MAX || *text++ != '/')
		return -1;

	const struct unit *unit = take_time_unit(&text);

	if (unit == NULL || *text != '\0')
		return -1;
	*out = (struct rate){ .count = (uint32_t)count, .per_ms = (uint32_t)unit->factor };
	return 0;
}

int
parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t number;

	if (!take_number(&text, &number) || *text != '\0' || number < min || number > max)
		return -1;
	*out = number;
	return 0;
}

/* Take a number of exactly so many digits that lies within [min, max]. */
static bool
take_digits(const char **at, const char *end, unsigned digits, int min, int max, int *out)
{
	*out = 0;
	for (unsigned i = 0; i < digits; i++, (*at)++) {
		if (*at == end || **at < '0' || **at > '9')
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return *out >= min && *out <= max;
}

static bool
take_one_of(const char **at, const char *end, const char *set)
{
	if (*at == end || memchr(set, **at, strlen(set)) == NULL)
		return false;
	(*at)++;
	return true;
}

/* ".123456": milliseconds, what is finer is dropped. */
static bool
take_fraction(const char **at, const char *end, int *out_ms)
{
	int digit, weight = 100;

	*out_ms = 0;
	if (!take_one_of(at, end, "."))
		return true;
	do {
		if (!take_digits(at, end, 1, 0, 9, &digit))
			return false;
		*out_ms += digit * weight;
		weight /= 10;
	} while (*at < end && **at >= '0' && **at <= '9');
	return true;
}

/* "Z", "+01:00": minutes east of UTC. */
static bool
take_zone(const char **at, const char *end, int *out_min)
{
	int hours, minutes;

	*out_min = 0;
	if (take_one_of(at, end, "Zz"))
		return true;

	int sign = *at < end && **at == '-' ? -1 : 1;

	if (!take_one_of(at, end, "+-") || !take_digits(at, end, 2, 0, 23, &hours) ||
	    !take_one_of(at, end, ":") || !take_digits(at, end, 2, 0, 59, &minutes))
		return false;
	*out_min = sign * (hours * 60 + minutes);
	return true;
}

int
parse_date_time(const char *text, size_t len, int64_t *out_ms)
{
	const char *end = text + len;
	struct tm tm = { .tm_isdst = 0 };
	int ms, zone_min;

	if (!take_digits(&text, end, 4, 1970, 9999, &tm.tm_year) || !take_one_of(&text, end, "-") ||
	    !take_digits(&text, end, 2, 1, 12, &tm.tm_mon) || !take_one_of(&text, end, "-") ||
	    !take_digits(&text, end, 2, 1, 31, &tm.tm_mday) || !take_one_of(&text, end, "Tt") ||
	    !take_digits(&text, end, 2, 0, 23, &tm.tm_hour) || !take_one_of(&text, end, ":") ||
	    !take_digits(&text, end, 2, 0, 59, &tm.tm_min) || !take_one_of(&text, end, ":") ||
	    !take_digits(&text, end, 2, 0, 60, &tm.tm_sec) || !take_fraction(&text, end, &ms) ||
	    !take_zone(&text, end, &zone_min) || text != end)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;

	int day = tm.tm_mday, leap = tm.tm_sec == 60;

	tm.tm_sec -= leap;

	int64_t seconds = (int64_t)timegm(&tm) + leap - zone_min * 60;

	if (seconds <= 0 || tm.tm_mday != day) /* May 1st, out of April 31st */
		return -1;
	*out_ms = seconds * 1000 + ms;
	return 0;
}
