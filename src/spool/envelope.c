/* SPDX-License-Identifier: ISC */
/*
 * envelope.c - an envelope in memory, and its lines as they are written.
 */
#include "config.h"

#include "spool/envelope.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/str.h"

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
	if (envelope->release_ms > 0)
		str_printf(out, "release %" PRId64 "\n", envelope->release_ms);
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
