/* SPDX-License-Identifier: ISC */
/* input.h - a message on a stream, line by line, in whatever line ends its program uses. */
#ifndef SENDMAIL_INPUT_H
#define SENDMAIL_INPUT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct input {
	FILE *stream;
	bool dot_is_text;
	char *line; /* the line read last, with its end; valid until the next */
	size_t size;
	bool held; /* the line is to be given again */
	ssize_t len;
	bool ended;
};

/* The next line's length, 0 at the end of the message, -1 and errno on failure.  The line is in
 * input->line. */
ssize_t input_line(struct input *input);

/* Give the line just read again. */
void input_unread(struct input *input);

void input_free(struct input *input);

#endif
