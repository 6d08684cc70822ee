/* SPDX-License-Identifier: ISC */
/*
 * bdat.c - BDAT (RFC 3030 2): content in chunks of announced sizes.
 * Whatever is wrong, the octets that were announced are taken off the input before anything is
 * answered, so that content is never read as commands.  A refused chunk ends the transaction.
 */
#include "listener/bdat.h"

#include <event2/buffer.h>

#include "listener/data.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/transaction.h"
#include "listener/verb.h"
#include "net/conn.h"

static const struct smtp_status out_of_order = { 503, "5.5.1",
	"Bad sequence of commands: BDAT comes after an accepted RCPT" };

/* Drop the transaction; the chunk is waited for, and refused then. */
static void
refuse(struct session *s, uint64_t size, const struct smtp_status *status)
{
	session_reset(s);
	s->skipped = size;
	s->skip_reply = status;
	session_enter(s, PHASE_CHUNK);
}

static void
begin_chunk(struct session *s, const struct smtp_bdat *bdat)
{
	const struct smtp_status *wrong =
	    s->phase == PHASE_RCPT ? data_begin(s, SMTP_DOT_PLAIN) : NULL;

	if (wrong != NULL) {
		refuse(s, bdat->size, wrong);
		return;
	}
	receive_begin_chunk(&s->transaction->receive, bdat->size, bdat->is_last);
	session_enter(s, PHASE_CHUNK);
}

void
on_bdat(struct session *s, const struct smtp_command *command)
{
	struct smtp_bdat bdat;
	bool knows_size;
	const struct smtp_status *wrong =
	    smtp_bdat_parse(command->argument, command->argument_len, &bdat, &knows_size);

	if (wrong != NULL && !knows_size) {
		/* Nobody knows where the next command begins. */
		reply_status(s, wrong);
		session_enter(s, PHASE_OVER);
	} else if (wrong != NULL) {
		refuse(s, bdat.size, wrong);
	} else if (s->phase != PHASE_RCPT && s->phase != PHASE_BDAT) {
		refuse(s, bdat.size, &out_of_order);
	} else {
		begin_chunk(s, &bdat);
	}
}

bool
bdat_take(struct session *s)
{
	struct evbuffer *input = conn_input(s->conn);
	size_t there = evbuffer_get_length(input);

	if (s->transaction != NULL)
		return data_take(s);
	if (there > s->skipped)
		there = (size_t)s->skipped;
	evbuffer_drain(input, there);
	s->skipped -= there;
	if (s->skipped > 0)
		return false;
	reply_status(s, s->skip_reply);
	session_enter(s, s->helo == NULL ? PHASE_GREETED : PHASE_READY);
	return true;
}
