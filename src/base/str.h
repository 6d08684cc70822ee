/* SPDX-License-Identifier: ISC */
/*
 * str.h - a growing string.  It grows without asking, so callers bound what they put into it.
 * When memory runs out the string goes bad and stays so: check once, at the end, with str_is_bad().
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	char *data; /* always NUL-terminated once something was added; NULL before */
	size_t len;
	size_t size;
	bool bad;
};

#define STR_EMPTY                 \
	{                         \
		NULL, 0, 0, false \
	}

void str_add(struct str *s, const void *data, size_t len);
void str_puts(struct str *s, const char *text);
void str_printf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
bool str_is_bad(const struct str *s);

/* Cut to len bytes, keeping the memory. */
void str_cut(struct str *s, size_t len);

/* Hand the memory to the caller, who frees it; NULL if the string is bad.  s is empty afterwards.
 */
char *str_take(struct str *s);

/* Free the memory; s is empty afterwards.  str_wipe also cleanses it, for secrets. */
void str_free(struct str *s);
void str_wipe(struct str *s);

/* What ends a noun behind a number: "" or "s". */
const char *str_plural(uint64_t n);

#endif
