/* SPDX-License-Identifier: ISC */
/* utf8.c - the table of well-formed sequences of RFC 3629 4. */
#include "base/utf8.h"

struct form {
	unsigned char first_min, first_max;
	unsigned char second_min, second_max;
	size_t len;
};

static const struct form forms[] = {
	{ 0x00, 0x7F, 0, 0, 1 },
	{ 0xC2, 0xDF, 0x80, 0xBF, 2 },
	{ 0xE0, 0xE0, 0xA0, 0xBF, 3 },
	{ 0xE1, 0xEC, 0x80, 0xBF, 3 },
	{ 0xED, 0xED, 0x80, 0x9F, 3 },
	{ 0xEE, 0xEF, 0x80, 0xBF, 3 },
	{ 0xF0, 0xF0, 0x90, 0xBF, 4 },
	{ 0xF1, 0xF3, 0x80, 0xBF, 4 },
	{ 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

size_t
utf8_len(const unsigned char *octets, size_t left)
{
	const struct form *form = forms;
	const struct form *end = forms + sizeof forms / sizeof *forms;

	if (left == 0)
		return 0;
	while (form < end && (octets[0] < form->first_min || octets[0] > form->first_max))
		form++;
	if (form == end || left < form->len)
		return 0;
	if (form->len > 1 && (octets[1] < form->second_min || octets[1] > form->second_max))
		return 0;
	for (size_t i = 2; i < form->len; i++)
		if ((octets[i] & 0xC0) != 0x80)
			return 0;
	return form->len;
}
