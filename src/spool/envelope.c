/* SPDX-License-Identifier: ISC */
/*
 * envelope.c - the envelope's lines, written from and read into a struct.  What is read may be any
 * bytes: the checksum says that a record is whole, not that we wrote it well.
 */
#include "config.h"

#include "spool/envelope.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/parse.h"
#include "base/str.h"

enum { PRIORITY_LIMIT = 9 };

/* One line.  A CR or LF in a value would make another line out of it: it becomes a space. */
static void
put(struct str *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	str_puts(out, key);
	str_puts(out, " ");

	size_t start = out->len;

	str_puts(out, value);
	if (str_is_bad(out))
		return;
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] == '\r' || out->data[i] == '\n')
			out->data[i] = ' ';
	str_puts(out, "\n");
}

static void
put_dsn(struct str *out, const struct envelope_dsn *dsn)
{
	if (dsn->notify != 0) {
		str_puts(out, "notify ");
		smtp_notify_format(out, dsn->notify);
		str_puts(out, "\n");
	}
	put(out, "orcpt", dsn->orcpt);
}

void
envelope_encode(const struct envelope *envelope, struct str *out)
{
	char id[ID_TEXT_SIZE];

	id_format(envelope->id, id);
	put(out, "id", id);
	str_printf(out, "received %" PRId64 "\n", envelope->received_ms);
	put(out, "client", envelope->client);
	put(out, "helo", envelope->helo);
	put(out, "listener", envelope->listener);
	put(out, "from", envelope->from);
	for (size_t i = 0; i < envelope->nrcpt; i++) {
		put(out, "rcpt", envelope->rcpt[i]);
		if (envelope->dsn != NULL)
			put_dsn(out, &envelope->dsn[i]);
	}
	put(out, "ret", smtp_ret_name(envelope->ret));
	put(out, "envid", envelope->envid);
	if (envelope->body == ENVELOPE_8BITMIME)
		put(out, "body", "8bitmime");
	if (envelope->priority != 0)
		str_printf(out, "priority %d\n", envelope->priority);
	if (envelope->smtputf8)
		put(out, "smtputf8", "yes");
	if (envelope->requiretls)
		put(out, "requiretls", "yes");
	if (envelope->has_long_lines)
		put(out, "long_lines", "yes");
	if (envelope->is_report)
		put(out, "report", "yes");
	if (envelope->attempts > 0)
		str_printf(out, "attempts %u\n", envelope->attempts);
	if (envelope->next_try_ms > 0)
		str_printf(out, "next_try %" PRId64 "\n", envelope->next_try_ms);
	if (envelope->warned)
		put(out, "warned", "yes");
	if (envelope->held)
		put(out, "held", "yes");
	put(out, "last_reply", envelope->last_reply);
	/* An empty line, so that whoever looks at a segment sees where the content begins. */
	str_puts(out, "\n");
}

/* Room for `room` recipients, of which the new ones are zero. */
static int
grow(struct envelope *envelope, size_t room)
{
	char **rcpt = reallocarray(envelope->rcpt, room, sizeof *rcpt);

	if (rcpt == NULL)
		return -1;
	envelope->rcpt = rcpt;
	if (envelope->dsn == NULL)
		return 0;

	struct envelope_dsn *dsn = reallocarray(envelope->dsn, room, sizeof *dsn);

	if (dsn == NULL)
		return -1;
	memset(dsn + envelope->nrcpt, 0, (room - envelope->nrcpt) * sizeof *dsn);
	envelope->dsn = dsn;
	return 0;
}

int
envelope_add_rcpt(struct envelope *envelope, size_t *room, const char *address, size_t len)
{
	if (envelope->nrcpt == *room) {
		size_t more = *room == 0 ? 1 : *room * 2;

		if (grow(envelope, more) < 0)
			return -1;
		*room = more;
	}

	char *copy = strndup(address, len);

	if (copy == NULL)
		return -1;
	envelope->rcpt[envelope->nrcpt++] = copy;
	return 0;
}

struct envelope_dsn *
envelope_last_dsn(struct envelope *envelope, size_t room)
{
	if (envelope->dsn == NULL)
		envelope->dsn = calloc(room, sizeof *envelope->dsn);
	return envelope->dsn != NULL ? &envelope->dsn[envelope->nrcpt - 1] : NULL;
}

void
envelope_free_rcpts(struct envelope *envelope)
{
	for (size_t i = 0; i < envelope->nrcpt; i++) {
		free(envelope->rcpt[i]);
		if (envelope->dsn != NULL)
			free(envelope->dsn[i].orcpt);
	}
	free(envelope->rcpt);
	free(envelope->dsn);
}

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

void
envelope_free(struct envelope **envelope)
{
	struct envelope *e = *envelope;

	if (e == NULL)
		return;
	free(e->client);
	free(e->helo);
	free(e->listener);
	free(e->from);
	envelope_free_rcpts(e);
	free(e->envid);
	free(e->last_reply);
	free(e);
	*envelope = NULL;
}
