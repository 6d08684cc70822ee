/* SPDX-License-Identifier: ISC */
/* xalloc.c - allocation or the end.  Nothing that a client can cause may call this. */
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static void *
or_exit(void *memory)
{
	if (memory == NULL) {
		log_error("out_of_memory");
		exit(EXIT_FAILURE);
	}
	return memory;
}

void *
xcalloc(size_t count, size_t size)
{
	return or_exit(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *
xreallocarray(void *old, size_t count, size_t size)
{
	return or_exit(reallocarray(old, count > 0 ? count : 1, size > 0 ? size : 1));
}

char *
xstrdup(const char *text)
{
	return or_exit(strdup(text));
}

char *
xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	return or_exit(len < 0 ? NULL : text);
}
