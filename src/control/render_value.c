/* SPDX-License-Identifier: ISC */
/*
 * render_value.c - the values of an answer, for people.  What peers said is stripped of control
 * octets before it reaches a terminal.
 */
#include <ctype.h>

#include "control/render_internal.h"

const char *
render_get(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "";
}

json_int_t
render_number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

void
render_put(FILE *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if (text[0] == '\xc2' && (unsigned char)text[1] >= 0x80 &&
		    (unsigned char)text[1] < 0xa0)
			text++; /* U+0080 to U+009F */
		else
			fputc(iscntrl((unsigned char)*text) ? ' ' : *text, out);
	}
}

/* "42s", "17m", "3h", "5d". */
void
render_age(FILE *out, json_int_t seconds)
{
	if (seconds < 120)
		fprintf(out, "%3llds", (long long)seconds);
	else if (seconds < 2 * 3600)
		fprintf(out, "%3lldm", (long long)seconds / 60);
	else if (seconds < 2 * 86400)
		fprintf(out, "%3lldh", (long long)seconds / 3600);
	else
		fprintf(out, "%3lldd", (long long)seconds / 86400);
}
