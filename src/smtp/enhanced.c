/* SPDX-License-Identifier: ISC */
/* enhanced.c - three numbers with dots between them. */
#include "smtp/enhanced.h"

/* Read up to three digits.  Returns how many; 0: none, or more than three. */
static size_t
read_number(const char *text, int *out)
{
	size_t n = 0;
	int value = 0;

	while (text[n] >= '0' && text[n] <= '9') {
		if (n == 3)
			return 0;
		value = value * 10 + (text[n++] - '0');
	}
	*out = value;
	return n;
}

size_t
smtp_enhanced_parse(const char *text, struct smtp_enhanced *out)
{
	if ((text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.')
		return 0;

	size_t subject = read_number(text + 2, &out->subject);

	if (subject == 0 || text[2 + subject] != '.')
		return 0;

	const char *rest = text + 2 + subject + 1;
	size_t detail = read_number(rest, &out->detail);

	if (detail == 0 || (rest[detail] != '\0' && rest[detail] != ' ' && rest[detail] != '\n'))
		return 0;
	out->class = text[0] - '0';
	return 2 + subject + 1 + detail;
}
