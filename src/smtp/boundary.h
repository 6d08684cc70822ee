/* SPDX-License-Identifier: ISC */
/* boundary.h - the lines that part a multipart (RFC 2046 5.1.1), of multiparts within each other.
 */
#ifndef SMTP_BOUNDARY_H
#define SMTP_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp/mime.h"

enum { SMTP_BOUNDARIES_MAX = 16 };

struct smtp_boundary {
	char text[SMTP_BOUNDARY_MAX + 1];
	size_t len;
	bool is_digest;
};

/* All zeros: outside of any. */
struct smtp_boundaries {
	struct smtp_boundary at[SMTP_BOUNDARIES_MAX];
	size_t depth;
};

/* Enter a multipart; false: it lies too deep. */
bool smtp_boundaries_push(struct smtp_boundaries *boundaries, const struct smtp_mime *mime);

/*
 * Whether a line, with its line end, is the boundary of a multipart around it: then those within
 * are left, and that one, too, if it is the last.
 */
bool smtp_boundaries_take(
    struct smtp_boundaries *boundaries, const char *line, size_t len, bool *is_last);

/* Whether the innermost one is a digest. */
bool smtp_boundaries_in_digest(const struct smtp_boundaries *boundaries);

#endif
