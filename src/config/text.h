/* SPDX-License-Identifier: ISC */
/* text.h - a config file as text that libconfuse reads without losing count of its lines. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

struct report;

/*
 * Read a file and blank out its comments.  The caller frees the text, which ends with a newline.
 * NULL when it cannot be read or makes no sense as text, with the problem in the report.
 * *ret_open is the line of an opening brace that is never closed, which libconfuse accepts; or 0.
 */
char *text_read(const char *file, struct report *report, unsigned *ret_open);

#endif
