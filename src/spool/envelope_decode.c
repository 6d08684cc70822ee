/* SPDX-License-Identifier: ISC */
/*
 * envelope_decode.c - the envelope's lines, read into a struct.  What is read may be any bytes: the
 * checksum says that a record is whole, not that we wrote it well.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/parse.h"
#include "spool/envelope.h"

enum { PRIORITY_LIMIT = 9 };

/* What reading needs besides the envelope itself. */
struct reading {
	struct envelope *envelope;
	size_t rcpt_room;
	bool has_id, has_from;
};

/* 0; -1 and errno: EBADMSG the value is no good, ENOMEM. */
typedef int read_fn(struct reading *r, const char *value, size_t offset);

static int
bad(void)
{
	errno = EBADMSG;
	return -1;
}

static int
read_text(struct reading *r, const char *value, size_t offset)
{
	char **field = (char **)(void *)((char *)r->envelope + offset);
	char *copy = strdup(value);

	if (copy == NULL)
		return -1;
	free(*field);
	*field = copy;
	return 0;
}

static int
read_from(struct reading *r, const char *value, size_t offset)
{
	r->has_from = true;
	return read_text(r, value, offset);
}

static int
read_id(struct reading *r, const char *value, size_t offset)
{
	(void)offset;
	r->has_id = id_parse(value, &r->envelope->id) == 0;
	return r->has_id ? 0 : bad();
}

static int
read_time(struct reading *r, const char *value, size_t offset)
{
	uint64_t number;

	if (parse_number(value, 0, INT64_MAX, &number) < 0)
		return bad();
	*(int64_t *)(void *)((char *)r->envelope + offset) = (int64_t)number;
	return 0;
}

static int
read_attempts(struct reading *r, const char *value, size_t offset)
{
	uint64_t number;

	(void)offset;
	if (parse_number(value, 0, UINT32_MAX, &number) < 0)
		return bad();
	r->envelope->attempts = (unsigned)number;
	return 0;
}

static int
read_flag(struct reading *r, const char *value, size_t offset)
{
	*(bool *)((char *)r->envelope + offset) = strcmp(value, "yes") == 0;
	return 0;
}

static int
read_body(struct reading *r, const char *value, size_t offset)
{
	(void)offset;
	r->envelope->body = strcmp(value, "8bitmime") == 0 ? ENVELOPE_8BITMIME : ENVELOPE_7BIT;
	return 0;
}

static int
read_priority(struct reading *r, const char *value, size_t offset)
{
	bool is_negative = value[0] == '-';
	uint64_t number;

	(void)offset;
	if (parse_number(value + is_negative, 0, PRIORITY_LIMIT, &number) < 0)
		return bad();
	r->envelope->priority = is_negative ? -(int)number : (int)number;
	return 0;
}

static int
read_rcpt(struct reading *r, const char *value, size_t offset)
{
	(void)offset;
	return envelope_add_rcpt(r->envelope, &r->rcpt_room, value, strlen(value));
}

/* NULL and errno. */
static struct envelope_dsn *
dsn_of_last(struct reading *r)
{
	if (r->envelope->nrcpt > 0)
		return envelope_last_dsn(r->envelope, r->rcpt_room);
	bad();
	return NULL;
}

static int
read_notify(struct reading *r, const char *value, size_t offset)
{
	struct envelope_dsn *dsn = dsn_of_last(r);

	(void)offset;
	if (dsn == NULL)
		return -1;
	return smtp_notify_parse(value, strlen(value), &dsn->notify) < 0 ? bad() : 0;
}

static int
read_orcpt(struct reading *r, const char *value, size_t offset)
{
	struct envelope_dsn *dsn = dsn_of_last(r);

	(void)offset;
	if (dsn == NULL)
		return -1;
	free(dsn->orcpt);
	dsn->orcpt = strdup(value);
	return dsn->orcpt == NULL ? -1 : 0;
}

static int
read_ret(struct reading *r, const char *value, size_t offset)
{
	(void)offset;
	r->envelope->ret = strcmp(value, "FULL") == 0 ? SMTP_RET_FULL : SMTP_RET_HDRS;
	return 0;
}

static const struct key {
	const char *name;
	read_fn *read;
	size_t offset;
} keys[] = {
	{ "id", read_id, 0 },
	{ "received", read_time, offsetof(struct envelope, received_ms) },
	{ "client", read_text, offsetof(struct envelope, client) },
	{ "helo", read_text, offsetof(struct envelope, helo) },
	{ "listener", read_text, offsetof(struct envelope, listener) },
	{ "from", read_from, offsetof(struct envelope, from) },
	{ "rcpt", read_rcpt, 0 },
	{ "notify", read_notify, 0 },
	{ "orcpt", read_orcpt, 0 },
	{ "ret", read_ret, 0 },
	{ "envid", read_text, offsetof(struct envelope, envid) },
	{ "body", read_body, 0 },
	{ "priority", read_priority, 0 },
	{ "release", read_time, offsetof(struct envelope, release_ms) },
	{ "smtputf8", read_flag, offsetof(struct envelope, smtputf8) },
	{ "requiretls", read_flag, offsetof(struct envelope, requiretls) },
	{ "long_lines", read_flag, offsetof(struct envelope, has_long_lines) },
	{ "report", read_flag, offsetof(struct envelope, is_report) },
	{ "attempts", read_attempts, 0 },
	{ "next_try", read_time, offsetof(struct envelope, next_try_ms) },
	{ "warned", read_flag, offsetof(struct envelope, warned) },
	{ "held", read_flag, offsetof(struct envelope, held) },
	{ "last_reply", read_text, offsetof(struct envelope, last_reply) },
};

static int
read_line(struct reading *r, char *line)
{
	char *value = strchr(line, ' ');

	if (value == NULL)
		return line[0] == '\0' ? 0 : bad();
	*value++ = '\0';
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(line, keys[i].name) == 0)
			return keys[i].read(r, value, keys[i].offset);
	return 0;
}

static int
read_lines(struct reading *r, char *text, size_t len)
{
	char *end = text + len;

	while (text < end) {
		char *newline = memchr(text, '\n', (size_t)(end - text));

		if (newline == NULL)
			return bad();
		*newline = '\0';
		if (memchr(text, '\r', (size_t)(newline - text)) != NULL)
			return bad();
		if (read_line(r, text) < 0)
			return -1;
		text = newline + 1;
	}
	return 0;
}

/* What the encoder leaves out is empty, so that nobody else has to ask for NULL. */
static int
fill_in(struct envelope *envelope)
{
	char **const field[] = { &envelope->client, &envelope->helo, &envelope->listener };

	for (size_t i = 0; i < sizeof field / sizeof *field; i++)
		if (*field[i] == NULL && (*field[i] = strdup("")) == NULL)
			return -1;
	return 0;
}

struct envelope *
envelope_decode(const char *text, size_t len)
{
	struct reading r = { .envelope = calloc(1, sizeof *r.envelope) };
	char *copy = malloc(len + 1);
	int result = -1;

	if (r.envelope == NULL || copy == NULL)
		goto out;
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	if (len > 0 && memchr(copy, '\0', len) != NULL) {
		bad();
		goto out;
	}
	result = read_lines(&r, copy, len);
	if (result == 0 && (!r.has_id || !r.has_from || r.envelope->nrcpt == 0))
		result = bad();
	if (result == 0)
		result = fill_in(r.envelope);
out:
	free(copy);
	if (result < 0)
		envelope_free(&r.envelope);
	return r.envelope;
}
