/* SPDX-License-Identifier: ISC */
/* boundary.c - the innermost multipart is asked first: who left out its end ends with the outer. */
#include "smtp/boundary.h"

#include <string.h>

bool
smtp_boundaries_push(struct smtp_boundaries *boundaries, const struct smtp_mime *mime)
{
	if (boundaries->depth == SMTP_BOUNDARIES_MAX)
		return false;

	struct smtp_boundary *boundary = &boundaries->at[boundaries->depth++];

	memcpy(boundary->text, mime->boundary, sizeof boundary->text);
	boundary->len = strlen(boundary->text);
	boundary->is_digest = mime->kind == SMTP_MIME_DIGEST;
	return true;
}

/* Whether the line is "--boundary" or "--boundary--", and spaces. */
static bool
is_of(const struct smtp_boundary *boundary, const char *line, size_t len, bool *is_last)
{
	size_t at = 2 + boundary->len;

	if (len < at || memcmp(line + 2, boundary->text, boundary->len) != 0)
		return false;
	*is_last = len >= at + 2 && line[at] == '-' && line[at + 1] == '-';
	at += *is_last ? 2 : 0;
	while (at < len &&
	       (line[at] == ' ' || line[at] == '\t' || line[at] == '\r' || line[at] == '\n'))
		at++;
	return at == len;
}

bool
smtp_boundaries_take(
    struct smtp_boundaries *boundaries, const char *line, size_t len, bool *is_last)
{
	if (len < 2 || line[0] != '-' || line[1] != '-')
		return false;
	for (size_t level = boundaries->depth; level-- > 0;) {
		if (!is_of(&boundaries->at[level], line, len, is_last))
			continue;
		boundaries->depth = *is_last ? level : level + 1;
		return true;
	}
	return false;
}

bool
smtp_boundaries_in_digest(const struct smtp_boundaries *boundaries)
{
	return boundaries->depth > 0 && boundaries->at[boundaries->depth - 1].is_digest;
}
