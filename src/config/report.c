/* SPDX-License-Identifier: ISC */
/* report.c - problems are few; a file that is all wrong is cut off after a screenful. */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/xalloc.h"

enum { PROBLEMS_MAX = 50, PROBLEM_SIZE = 600 };

void
report_add(struct report *report, unsigned line, const char *format, ...)
{
	char text[PROBLEM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';

	report->problems =
	    xreallocarray(report->problems, report->count + 1, sizeof *report->problems);
	report->problems[report->count++] = (struct problem){ line, xstrdup(text) };
}

/* Insertion keeps problems of one line in the order they were found, which qsort does not. */
static void
sort_by_line(struct report *report)
{
	for (size_t i = 1; i < report->count; i++) {
		struct problem moved = report->problems[i];
		size_t to = i;

		for (; to > 0 && report->problems[to - 1].line > moved.line; to--)
			report->problems[to] = report->problems[to - 1];
		report->problems[to] = moved;
	}
}

void
report_write(struct report *report, struct str *out)
{
	sort_by_line(report);
	for (size_t i = 0; i < report->count && i < PROBLEMS_MAX; i++) {
		const struct problem *problem = &report->problems[i];

		str_puts(out, report->file);
		if (problem->line > 0)
			str_printf(out, ":%u", problem->line);
		str_printf(out, ": %s (see postern.conf(5))\n", problem->text);
	}
	if (report->count > PROBLEMS_MAX)
		str_printf(
		    out, "%s: and %zu more problems\n", report->file, report->count - PROBLEMS_MAX);
	report_clear(report);
}

void
report_clear(struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->problems[i].text);
	free(report->problems);
	report->problems = NULL;
	report->count = 0;
}
