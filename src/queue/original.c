/* SPDX-License-Identifier: ISC */
/* original.c - see original.h.  Nothing of the original gets into the report's own header but what
 * is a Message-ID, octet by octet. */
#include "queue/original.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "smtp/mime.h"

enum {
	LINE_MAX_OCTETS = 900, /* the limit is 998 (RFC 5322 2.1.1) */
	ID_MAX_OCTETS = 250,   /* of a Message-ID that is referred to */
};

/* The length of the Message-ID, with its angle brackets, that text begins with; 0: none. */
static size_t
id_span(const char *text, size_t len)
{
	size_t n = 1;

	if (len == 0 || *text != '<')
		return 0;
	while (n < len && n < ID_MAX_OCTETS && text[n] > ' ' && text[n] <= '~' && text[n] != '<' &&
	       text[n] != '>')
		n++;
	return n > 1 && n < len && text[n] == '>' ? n + 1 : 0;
}

static bool
is_space(char octet)
{
	return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

/* The length of what a field has for a Message-ID; 0: none. */
static size_t
read_id(const struct smtp_field *field, const char **ret_id)
{
	const char *end = field->text + field->len;
	const char *at = (const char *)memchr(field->text, ':', field->len) + 1;

	while (at < end && is_space(*at))
		at++;
	*ret_id = at;
	return id_span(at, (size_t)(end - at));
}

void
original_add_references(struct str *out, const char *original, size_t len)
{
	const char *at = original, *end = original + len, *id;
	struct smtp_field field;
	size_t id_len = 0;

	while (id_len == 0 && smtp_field_next(&at, end, &field) &&
	       smtp_field_begins(field.text, field.len))
		if (smtp_field_is(&field, "message-id"))
			id_len = read_id(&field, &id);
	if (id_len == 0)
		return;
	str_printf(
	    out, "In-Reply-To: %.*s\r\nReferences: %.*s\r\n", (int)id_len, id, (int)id_len, id);
}

void
original_add_whole(struct str *out, const char *original, size_t len)
{
	str_puts(out, "Content-Type: message/rfc822\r\n\r\n");
	str_add(out, original, len);
}

void
original_add_header(struct str *out, const char *original, size_t len)
{
	const char *at = original, *end = original + len;

	str_puts(out, "Content-Type: text/rfc822-headers\r\n\r\n");
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t line_len = (size_t)((nl != NULL ? nl : end) - at);

		if (line_len > 0 && at[line_len - 1] == '\r')
			line_len--;
		for (size_t i = 0; i < line_len && i < LINE_MAX_OCTETS; i++)
			str_add(
			    out, (at[i] >= ' ' && at[i] <= '~') || at[i] == '\t' ? &at[i] : "?", 1);
		str_puts(out, "\r\n");
		at = nl != NULL ? nl + 1 : end;
	}
}
