/* SPDX-License-Identifier: ISC */
/* id.c - making ids, and Crockford's base32: no I, L, O or U, so that ids survive being read aloud.
 */
#include "base/id.h"

#include <string.h>
#include <sys/random.h>

enum {
	TIME_SHIFT = 20,
	TAG_SHIFT = 16,
	COUNT_MAX = 0xffff,
	FIRST_MAX = COUNT_MAX / 2, /* the rest is for what comes in the same millisecond */
	BITS_PER_CHAR = 5,
};

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static uint64_t
compose(uint64_t ms, unsigned tag, uint64_t count)
{
	return ms << TIME_SHIFT | (uint64_t)(tag & ID_TAG_MAX) << TAG_SHIFT | count;
}

void
id_source_init(struct id_source *source, unsigned tag)
{
	uint16_t random = 0;

	/* Without it ids are as unique as the clock. */
	(void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
	*source = (struct id_source){ .tag = tag, .first = random & FIRST_MAX };
}

uint64_t
id_next(struct id_source *source, int64_t real_ms)
{
	uint64_t ms = real_ms > 0 ? (uint64_t)real_ms : 1;
	uint64_t last_ms = source->last >> TIME_SHIFT;
	uint64_t count = source->last & COUNT_MAX;

	if (ms > last_ms)
		source->last = compose(ms, source->tag, source->first);
	else if (count < COUNT_MAX)
		source->last = compose(last_ms, source->tag, count + 1);
	else
		source->last = compose(last_ms + 1, source->tag, source->first);
	return source->last;
}

void
id_format(uint64_t id, char out[ID_TEXT_SIZE])
{
	for (int i = ID_TEXT_LEN - 1; i >= 0; i--, id >>= BITS_PER_CHAR)
		out[i] = alphabet[id & 31];
	out[ID_TEXT_LEN] = '\0';
}

static int
digit_value(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');

	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

int
id_parse(const char *text, uint64_t *out)
{
	uint64_t id = 0;

	for (int i = 0; i < ID_TEXT_LEN; i++) {
		int digit = digit_value(text[i]);

		/* 13 characters hold 65 bits: the first may only use four. */
		if (digit < 0 || (i == 0 && digit > 15))
			return -1;
		id = id << BITS_PER_CHAR | (uint64_t)digit;
	}
	if (text[ID_TEXT_LEN] != '\0')
		return -1;
	*out = id;
	return 0;
}

int64_t
id_time_ms(uint64_t id)
{
	return (int64_t)(id >> TIME_SHIFT);
}

uint64_t
id_age_ms(uint64_t id, int64_t now_ms)
{
	int64_t age = now_ms - id_time_ms(id);

	return age > 0 ? (uint64_t)age : 0;
}
