/* SPDX-License-Identifier: ISC */
/* str.c - a growing string.  Memory that is outgrown is cleansed, so that str_wipe() leaves no
 * copies behind. */
#include "base/str.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 64 };

/* Make room for more bytes and the NUL; marks the string bad when there is none. */
static bool
reserve(struct str *s, size_t more)
{
	size_t size = s->size > 0 ? s->size : FIRST_SIZE;

	if (s->bad)
		return false;
	if (more < s->size - s->len)
		return true;
	if (more >= SIZE_MAX / 4 - s->len) {
		s->bad = true;
		return false;
	}
	while (size <= s->len + more)
		size *= 2;

	char *data = malloc(size);

	if (data == NULL) {
		s->bad = true;
		return false;
	}
	if (s->data != NULL) {
		memcpy(data, s->data, s->len + 1);
		OPENSSL_cleanse(s->data, s->size);
		free(s->data);
	}
	s->data = data;
	s->size = size;
	return true;
}

void
str_add(struct str *s, const void *data, size_t len)
{
	if (!reserve(s, len))
		return;
	if (len > 0)
		memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void
str_puts(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void
str_printf(struct str *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_vprintf(s, format, args);
	va_end(args);
}

void
str_vprintf(struct str *s, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);

	if (len < 0)
		s->bad = true;
	else if (reserve(s, (size_t)len)) {
		vsnprintf(s->data + s->len, (size_t)len + 1, format, again);
		s->len += (size_t)len;
	}
	va_end(again);
}

bool
str_is_bad(const struct str *s)
{
	return s->bad;
}

void
str_cut(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	s->len = len;
	s->data[len] = '\0';
}

char *
str_take(struct str *s)
{
	str_add(s, "", 0);
	if (s->bad) {
		str_wipe(s);
		return NULL;
	}

	char *data = s->data;

	*s = (struct str)STR_EMPTY;
	return data;
}

void
str_free(struct str *s)
{
	free(s->data);
	*s = (struct str)STR_EMPTY;
}

void
str_wipe(struct str *s)
{
	if (s->data != NULL)
		OPENSSL_cleanse(s->data, s->size);
	str_free(s);
}

const char *
str_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}
