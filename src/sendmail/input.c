/* SPDX-License-Identifier: ISC */
/* input.c - see input.h. */
#include "sendmail/input.h"

#include <stdlib.h>
#include <string.h>

static bool
is_lone_dot(const char *line, ssize_t len)
{
	return line[0] == '.' && (len == 1 || (len == 2 && line[1] == '\n') ||
				     (len == 3 && memcmp(line + 1, "\r\n", 2) == 0));
}

ssize_t
input_line(struct input *input)
{
	if (input->held) {
		input->held = false;
		return input->len;
	}
	if (input->ended)
		return 0;
	input->len = getline(&input->line, &input->size, input->stream);
	if (input->len == -1 && ferror(input->stream))
		return -1;
	if (input->len == -1 || (!input->dot_is_text && is_lone_dot(input->line, input->len))) {
		input->ended = true;
		input->len = 0;
	}
	return input->len;
}

void
input_unread(struct input *input)
{
	input->held = input->len > 0;
}

void
input_free(struct input *input)
{
	free(input->line);
	input->line = NULL;
}
