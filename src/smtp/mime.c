/* SPDX-License-Identifier: ISC */
/* mime.c - fields are cut out by lines, values by words: comments and folds count as spaces. */
#include "smtp/mime.h"

#include <string.h>
#include <strings.h>

enum { WORD_SIZE = 128 };

static bool
is_space(char octet)
{
	return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

static const char *
line_end(const char *at, const char *end)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));

	return lf != NULL ? lf + 1 : end;
}

bool
smtp_field_next(const char **at, const char *end, struct smtp_field *out)
{
	out->text = *at;
	if (*at == end)
		return false;
	do
		*at = line_end(*at, end);
	while (*at < end && (**at == ' ' || **at == '\t'));
	out->len = (size_t)(*at - out->text);
	return true;
}

/* The octets of a field's name; 0: it has none. */
static size_t
name_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] > ' ' && text[n] <= '~' && text[n] != ':')
		n++;
	return n;
}

bool
smtp_field_begins(const char *line, size_t len)
{
	size_t at = name_len(line, len);

	if (at == 0)
		return false;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	return at < len && line[at] == ':';
}

bool
smtp_field_is(const struct smtp_field *field, const char *name)
{
	size_t len = name_len(field->text, field->len);

	return strlen(name) == len && strncasecmp(name, field->text, len) == 0;
}

/* A value that is being read. */
struct value {
	const char *at, *end;
};

static struct value
value_of(const struct smtp_field *field)
{
	const char *colon = memchr(field->text, ':', field->len);
	const char *end = field->text + field->len;

	return (struct value){ colon != NULL ? colon + 1 : end, end };
}

/* Spaces and comments, which nest (RFC 5322 3.2.2). */
static void
skip_space(struct value *v)
{
	unsigned depth = 0;

	for (; v->at < v->end; v->at++) {
		if (*v->at == '\\' && depth > 0 && v->at + 1 < v->end)
			v->at++;
		else if (*v->at == '(')
			depth++;
		else if (*v->at == ')' && depth > 0)
			depth--;
		else if (depth == 0 && !is_space(*v->at))
			return;
	}
}

static bool
take_octet(struct value *v, char octet)
{
	skip_space(v);
	if (v->at == v->end || *v->at != octet)
		return false;
	v->at++;
	return true;
}

/* Between quotes. */
static size_t
take_quoted(struct value *v, char *out, size_t size)
{
	size_t len = 0;

	for (; v->at < v->end && *v->at != '"'; v->at++) {
		if (*v->at == '\\' && v->at + 1 < v->end)
			v->at++;
		if (*v->at != '\r' && *v->at != '\n' && len++ < size - 1)
			out[len - 1] = *v->at;
	}
	v->at += v->at < v->end;
	return len;
}

static bool
is_visible(char c)
{
	return c > ' ' && c <= '~';
}

/* A token or a quoted string; false: there is none, it does not fit, or NUL is in it. */
static bool
take_word(struct value *v, char *out, size_t size)
{
	size_t len = 0;

	if (take_octet(v, '"')) {
		len = take_quoted(v, out, size);
	} else {
		for (; v->at < v->end && is_visible(*v->at) &&
		       strchr("()<>@,;:\\\"/[]?=", *v->at) == NULL;
		     v->at++)
			if (len++ < size - 1)
				out[len - 1] = *v->at;
	}
	out[len < size ? len : 0] = '\0';
	return len > 0 && len < size && strlen(out) == len;
}

/*
 * A parameter's value.  Many a script leaves out the quotes where they are needed, as in
 * boundary=--=_b: up to a space or ";" that can be read in one way, unless quotes, comments or
 * escapes begin within.
 */
static bool
take_value(struct value *v, char *out, size_t size)
{
	size_t len = 0;

	skip_space(v);
	if (v->at == v->end || *v->at == '"')
		return take_word(v, out, size);
	for (; v->at < v->end && !is_space(*v->at) && *v->at != ';'; v->at++) {
		if (*v->at < ' ' || *v->at > '~' || strchr("()\"\\", *v->at) != NULL)
			return false;
		if (len++ < size - 1)
			out[len - 1] = *v->at;
	}
	out[len < size ? len : 0] = '\0';
	return len > 0 && len < size;
}

/* Whether a parameter's value was all: a "=" that is not in quotes, for one, would cut it short. */
static bool
is_over(struct value *v)
{
	skip_space(v);
	return v->at == v->end || *v->at == ';';
}

/* Look for the boundary among the parameters; false: there is none that can be used. */
static bool
take_boundary(struct value *v, char out[SMTP_BOUNDARY_MAX + 1])
{
	char name[WORD_SIZE], word[WORD_SIZE];

	while (take_octet(v, ';')) {
		skip_space(v);
		if (v->at < v->end && *v->at == ';')
			continue; /* one too many */
		if (!take_word(v, name, sizeof name) || !take_octet(v, '='))
			return false;
		if (strcasecmp(name, "boundary") == 0)
			return take_value(v, out, SMTP_BOUNDARY_MAX + 1) && is_over(v) &&
			       out[strlen(out) - 1] != ' ';
		(void)take_value(v, word, sizeof word);
	}
	return false;
}

static void
read_type(struct value v, struct smtp_mime *out)
{
	char type[WORD_SIZE], subtype[WORD_SIZE];

	bool is_word = take_word(&v, type, sizeof type), is_composite;

	is_composite =
	    is_word && (strcasecmp(type, "multipart") == 0 || strcasecmp(type, "message") == 0);
	/* What comes twice means one thing to one reader, and another to the next. */
	if (out->has_type) {
		out->kind = SMTP_MIME_OPAQUE;
	} else if (!is_word || !take_octet(&v, '/') || !take_word(&v, subtype, sizeof subtype)) {
		/* RFC 2045 5.2: to every reader "text" is plain text, whose words cannot be
		 * taken for parts. */
		out->kind =
		    is_word && !is_composite && is_over(&v) ? SMTP_MIME_LEAF : SMTP_MIME_OPAQUE;
	} else if (strcasecmp(type, "message") == 0) {
		out->kind =
		    strcasecmp(subtype, "rfc822") == 0 ? SMTP_MIME_MESSAGE : SMTP_MIME_OPAQUE;
	} else if (strcasecmp(type, "multipart") == 0) {
		out->kind =
		    strcasecmp(subtype, "digest") == 0 ? SMTP_MIME_DIGEST : SMTP_MIME_MULTIPART;
		if (strcasecmp(subtype, "signed") == 0 || !take_boundary(&v, out->boundary))
			out->kind = SMTP_MIME_OPAQUE;
	}
	out->has_type = true;
}

static void
read_encoding(struct value v, struct smtp_mime *out)
{
	static const struct {
		const char *name;
		enum smtp_mime_encoding encoding;
	} names[] = {
		{ "7bit", SMTP_MIME_IDENTITY },
		{ "8bit", SMTP_MIME_IDENTITY },
		{ "binary", SMTP_MIME_IDENTITY },
		{ "7-bit", SMTP_MIME_IDENTITY }, /* these are no words of RFC 2045 */
		{ "8-bit", SMTP_MIME_IDENTITY },
		{ "7bits", SMTP_MIME_IDENTITY },
		{ "8bits", SMTP_MIME_IDENTITY },
		{ "quoted-printable", SMTP_MIME_QUOTED },
		{ "base64", SMTP_MIME_BASE64 },
	};
	char word[WORD_SIZE];
	bool is_word = take_word(&v, word, sizeof word) && !out->has_encoding;

	out->has_encoding = true;
	out->encoding = SMTP_MIME_UNKNOWN;
	for (size_t i = 0; is_word && i < sizeof names / sizeof *names; i++)
		if (strcasecmp(word, names[i].name) == 0)
			out->encoding = names[i].encoding;
}

void
smtp_mime_read(const char *header, const char *end, struct smtp_mime *out)
{
	struct smtp_field field;

	*out = (struct smtp_mime){ .kind = SMTP_MIME_LEAF };
	while (smtp_field_next(&header, end, &field)) {
		if (smtp_field_is(&field, "content-type"))
			read_type(value_of(&field), out);
		else if (smtp_field_is(&field, "content-transfer-encoding"))
			read_encoding(value_of(&field), out);
		else if (smtp_field_is(&field, "mime-version"))
			out->has_version = true;
		else if (smtp_field_is(&field, "dkim-signature"))
			out->has_dkim = true;
	}
	/* RFC 2045 6.4: only leaves may be encoded. */
	if (out->kind != SMTP_MIME_LEAF && out->encoding != SMTP_MIME_IDENTITY)
		out->kind = SMTP_MIME_OPAQUE;
	if (out->encoding == SMTP_MIME_UNKNOWN)
		out->kind = SMTP_MIME_OPAQUE;
}
