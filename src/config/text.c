/* SPDX-License-Identifier: ISC */
/*
 * text.c - reads a config file and blanks out its comments: libconfuse 3.3 counts several lines for
 * a comment and refuses them in lists.  Line ends stay, so that line numbers are right.
 * The file is read here also because libconfuse's scanner exits the process when a read fails.
 */
#include "config/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "config/report.h"

enum { FILE_SIZE_MAX = 1 << 20 };

/* Read all of a file into out.  -1 and errno. */
static int
read_all(const char *file, struct str *out)
{
	char buffer[4096];
	ssize_t got;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -1;
	while ((got = read(fd, buffer, sizeof buffer)) > 0 && out->len <= FILE_SIZE_MAX)
		str_add(out, buffer, (size_t)got);

	int saved = errno;

	close(fd);
	errno = got > 0 ? EFBIG : saved;
	return got == 0 ? 0 : -1;
}

static unsigned
line_at(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* The end of "${NAME}" at this place; NULL if there is none. */
static char *
variable_end(char *at)
{
	return at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;
}

/* The octet behind a quoted string. */
static char *
string_end(char *at)
{
	char quote = *at++, *variable;

	for (; *at != '\0' && *at != quote; at++)
		if (*at == '\\' && at[1] != '\0')
			at++;
		else if (quote == '"' && (variable = variable_end(at)) != NULL)
			at = variable;
	return *at == '\0' ? at : at + 1;
}

/* The end of a comment that begins here; NULL: none does, or (with *open set) it has no end. */
static char *
comment_end(char *at, bool starts_word, bool *open)
{
	if (*at == '#' || (starts_word && strncmp(at, "//", 2) == 0))
		return at + strcspn(at, "\n");
	if (!starts_word || strncmp(at, "/*", 2) != 0)
		return NULL;

	char *end = strstr(at + 2, "*/");

	*open = end == NULL;
	return end == NULL ? NULL : end + 2;
}

struct braces {
	unsigned depth;
	const char *outermost; /* the last { that was in no other */
};

static void
count_brace(struct braces *braces, const char *at)
{
	if (*at == '{' && braces->depth++ == 0)
		braces->outermost = at;
	else if (*at == '}' && braces->depth > 0)
		braces->depth--;
}

/* NULL, or the comment that has no end. */
static const char *
blank_comments(char *text, struct braces *braces)
{
	bool starts_word = true, open = false;
	char *end;

	for (char *at = text; *at != '\0';) {
		if (*at == '"' || *at == '\'') {
			at = string_end(at);
			starts_word = true;
		} else if ((end = comment_end(at, starts_word, &open)) != NULL) {
			for (; at < end; at++)
				if (*at != '\n')
					*at = ' ';
			starts_word = true;
		} else if (open) {
			return at;
		} else if ((end = variable_end(at)) != NULL) {
			at = end + 1;
		} else {
			count_brace(braces, at);
			starts_word = strchr(" \t\r\n={}(),+", *at) != NULL;
			at++;
		}
	}
	return NULL;
}

/* Report what keeps the text from being read; whether there is something. */
static bool
is_unreadable(struct str *text, struct braces *braces, struct report *report)
{
	const char *open;

	if (str_is_bad(text)) {
		report_add(report, 0, "cannot be read: %s", strerror(ENOMEM));
	} else if (strlen(text->data) != text->len) {
		report_add(report, line_at(text->data, text->data + strlen(text->data)),
		    "a NUL octet; the file is text");
	} else if ((open = blank_comments(text->data, braces)) != NULL) {
		report_add(report, line_at(text->data, open),
		    "a comment without its end; write */ behind it");
	} else {
		return false;
	}
	return true;
}

char *
text_read(const char *file, struct report *report, unsigned *ret_open)
{
	struct str text = STR_EMPTY;
	struct braces braces = { 0, NULL };

	if (read_all(file, &text) < 0) {
		report_add(report, 0, "cannot be read: %s",
		    errno == EFBIG ? "larger than 1M" : strerror(errno));
		str_free(&text);
		return NULL;
	}
	if (text.len == 0 || text.data[text.len - 1] != '\n')
		str_puts(&text, "\n");
	if (is_unreadable(&text, &braces, report)) {
		str_free(&text);
		return NULL;
	}
	*ret_open = braces.depth > 0 ? line_at(text.data, braces.outermost) : 0;
	return str_take(&text);
}
