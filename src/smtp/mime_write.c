/* SPDX-License-Identifier: ISC */
/* mime_write.c - a header section written anew: what need not change is copied as it is. */
#include <string.h>

#include "base/str.h"
#include "smtp/mime.h"

static bool
is_space(char octet)
{
	return octet == ' ' || octet == '\t';
}

/*
 * Where a line of len octets, too long, may be cut: before a space with a word behind it, the last
 * one in reach, or else the first one.  Not before `from`: no line is of spaces alone (RFC 5322
 * 3.2.2), or of a field's name.  0: nowhere.
 */
static size_t
find_fold(const char *line, size_t len, size_t from)
{
	size_t place = 0;

	while (from < len && is_space(line[from]))
		from++;
	for (size_t i = from; i + 1 < len && (i <= SMTP_CONTENT_LINE_MAX || place == 0); i++)
		if (is_space(line[i]) && !is_space(line[i + 1]) && line[i + 1] != '\r')
			place = i;
	return place;
}

/* Write a line of a field, whose value begins behind `name` octets. */
static void
write_folded(struct str *out, const char *line, size_t len, size_t name)
{
	size_t fold;

	while (len > SMTP_CONTENT_LINE_MAX + 2 && (fold = find_fold(line, len, name)) > 0) {
		str_add(out, line, fold);
		str_puts(out, "\r\n");
		line += fold;
		len -= fold;
		name = 0;
	}
	str_add(out, line, len);
}

static void
write_field(struct str *out, const struct smtp_field *field, bool folds)
{
	const char *at = field->text, *end = field->text + field->len;
	const char *colon = memchr(at, ':', field->len);
	size_t name = colon != NULL ? (size_t)(colon + 1 - at) : 0;

	if (!folds) {
		str_add(out, field->text, field->len);
		return;
	}
	while (at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf != NULL ? lf + 1 : end) - at);

		write_folded(out, at, len, name);
		at += len;
		name = 0;
	}
}

void
smtp_mime_write(
    struct str *out, const char *header, const char *end, const struct smtp_mime_change *change)
{
	struct smtp_field field;

	while (smtp_field_next(&header, end, &field))
		if (change->encoding == NULL || !smtp_field_is(&field, "content-transfer-encoding"))
			write_field(out, &field, change->folds);
	if (change->adds_version)
		str_puts(out, "MIME-Version: 1.0\r\n");
	if (change->type != NULL)
		str_printf(out, "Content-Type: %s\r\n", change->type);
	if (change->encoding != NULL)
		str_printf(out, "Content-Transfer-Encoding: %s\r\n", change->encoding);
}
