/* SPDX-License-Identifier: ISC */
/*
 * report.h - what is wrong with a config file, gathered, then written in the order of its lines.
 * One line for each problem, whatever the values hold.
 */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include <stddef.h>

struct str;

struct report {
	const char *file; /* borrowed */
	struct problem {
		unsigned line; /* 0: of the file as a whole */
		char *text;
	} * problems;
	size_t count;
};

/* "what = value: why": add one problem; control octets become '?', and much text is cut. */
void report_add(struct report *report, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add "FILE:LINE: text (see postern.conf(5))" for each problem to out; the report is empty
 * afterwards. */
void report_write(struct report *report, struct str *out);

/* Forget all problems. */
void report_clear(struct report *report);

#endif
