/* SPDX-License-Identifier: ISC */
/*
 * data.c - DATA (RFC 5321 4.1.1.4), and the content of BDAT (bdat.c): take it, have it committed,
 * and only then say 250.
 */
#include "listener/data.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/trace.h"
#include "listener/transaction.h"
#include "listener/verb.h"
#include "net/conn.h"
#include "spool/writer.h"

static const struct smtp_status no_memory = { 452, "4.3.1", "Out of memory: try again later" };

static void
on_spool_drain(void *ctx)
{
	session_advance(ctx);
}

void
data_refuse_size(struct session *s, const struct early_limit *limit)
{
	reply(s, 552, "5.3.4",
	    "Message exceeds the size limit: upstream %s takes %" PRIu64 " octets at most",
	    limit->upstream->name, limit->size);
}

/* The most that the policy allows, or less where the upstreams take less. */
static uint64_t
size_limit(const struct session *s)
{
	uint64_t most = policy_message_size(&s->policy, s->env->config);

	return s->transaction->limit.size < most ? s->transaction->limit.size : most;
}

const struct smtp_status *
data_begin(struct session *s, enum smtp_dot_mode mode)
{
	struct transaction *t = s->transaction;
	struct session_env *env = s->env;

	t->envelope.received_ms = clock_real_ms();
	t->envelope.id = id_next(&env->ids, t->envelope.received_ms);

	struct spool_message *message = spool_message_begin(env->writer, t->envelope.id);

	t->receive.refuses_bare = s->listen->bare_lf == BARE_LF_REJECT;
	if (message == NULL || receive_begin(&t->receive, mode, message, size_limit(s)) < 0)
		return &no_memory;
	spool_message_on_drain(message, on_spool_drain, s);
	return NULL;
}

void
on_data(struct session *s, const struct smtp_command *command)
{
	const struct smtp_status *wrong = data_begin(s, SMTP_DOT_STUFFED);

	(void)command;
	if (wrong != NULL) {
		session_reset(s);
		reply_status(s, wrong);
		return;
	}
	session_enter(s, PHASE_DATA);
	reply(s, 354, NULL, "End data with <CR><LF>.<CR><LF>");
}

static struct trace
trace_of(const struct session *s)
{
	const struct envelope *envelope = &s->transaction->envelope;

	return (struct trace){
		.helo = s->helo,
		.peer = &s->peer.sa,
		.client = s->client,
		.hostname = s->env->config->hostname,
		.protocol = session_protocol(s),
		.tls = s->tls,
		.is_utf8 = envelope->smtputf8,
		.from = envelope->from,
		.rcpt = envelope->nrcpt == 1 ? envelope->rcpt[0] : NULL,
		.id = envelope->id,
		.received_ms = envelope->received_ms,
	};
}

static void
log_failure(const struct session *s, int error)
{
	char id[ID_TEXT_SIZE];

	id_format(s->transaction->envelope.id, id);
	log_info("not_kept", log_s("id", id), log_s("client", s->client),
	    log_s("from", s->transaction->envelope.from), log_s("why", strerror(error)));
}

/* A client that left without an answer will send again: the log tells which copy was kept. */
static bool
is_gone(const struct session *s)
{
	return s->conn == NULL ||
	       (s->peer_is_done && evbuffer_get_length(conn_input(s->conn)) == 0);
}

static void
log_accepted(const struct session *s, const char *id)
{
	const struct transaction *t = s->transaction;

	log_write(LOG_LEVEL_INFO, "accepted",
	    (const struct log_field[]){ log_s("id", id), log_s("client", s->client),
		log_s("from", t->envelope.from), log_d("nrcpt", t->envelope.nrcpt),
		log_d("size", t->size), log_d("ms", clock_mono_ms() - t->began_ms),
		log_s("helo", s->helo), log_s("protocol", session_protocol(s)),
		log_s("listener", s->listen->name), log_d(is_gone(s) ? "client_gone" : NULL, 1),
		{ .key = NULL } });
}

static void
accept_message(struct session *s)
{
	const struct transaction *t = s->transaction;
	struct counters *counters = s->env->counters;
	char id[ID_TEXT_SIZE];

	id_format(t->envelope.id, id);
	counter_add(&counters->accepted_messages, 1);
	counter_add(&counters->accepted_recipients, t->envelope.nrcpt);
	counter_add(&counters->accepted_bytes, t->size);
	log_accepted(s, id);
	s->errors = 0;
	reply(s, 250, "2.0.0", "Ok: queued as %s", id);
}

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	struct session *s = ctx;
	struct receive *receive = &s->transaction->receive;

	(void)place;
	receive->is_committing = false;
	receive->message = NULL;
	if (error == 0) {
		accept_message(s);
	} else {
		log_failure(s, error);
		reply_status(s, &receive_not_kept);
	}
	session_reset(s);
	session_advance(s);
}

static void
commit(struct session *s)
{
	struct transaction *t = s->transaction;

	if (t->receive.dot.has_8bit)
		t->envelope.body = ENVELOPE_8BITMIME;
	t->envelope.has_long_lines = t->receive.dot.longest_line > ENVELOPE_LINE_MAX;
	t->receive.is_committing = true;
	session_enter(s, PHASE_COMMIT);
	spool_message_commit(t->receive.message, &t->envelope, on_commit, s);
}

/* Whether an upstream takes it with the trace fields, too. */
static bool
fits_upstream(const struct session *s)
{
	struct transaction *t = s->transaction;

	t->size = spool_message_size(t->receive.message);
	return t->size <= t->limit.size;
}

static void
refuse(struct session *s)
{
	const struct transaction *t = s->transaction;
	const struct smtp_status *why = t->receive.refused;

	if (t->receive.error != 0)
		log_failure(s, t->receive.error);
	if (why == NULL || (why->code == 552 && size_limit(s) == t->limit.size))
		data_refuse_size(s, &t->limit);
	else
		reply_status(s, why);
	session_reset(s);
}

/* RFC 3030 2: each chunk has its answer. */
static void
accept_chunk(struct session *s)
{
	session_enter(s, PHASE_BDAT);
	reply(s, 250, "2.0.0", "Ok: %" PRIu64 " octets so far", s->transaction->receive.size);
}

bool
data_take(struct session *s)
{
	struct receive *receive = &s->transaction->receive;
	struct trace trace = trace_of(s);
	enum receive_result result =
	    receive_take(receive, conn_input(s->conn), &trace, &s->env->line);

	if (result == RECEIVE_MORE || result == RECEIVE_WAIT)
		return false;
	if (receive->refused == NULL && result == RECEIVE_CHUNK)
		accept_chunk(s);
	else if (receive->refused == NULL && fits_upstream(s))
		commit(s);
	else
		refuse(s);
	return true;
}

bool
data_is_waiting(const struct session *s)
{
	const struct spool_message *message =
	    s->transaction != NULL ? s->transaction->receive.message : NULL;

	return message != NULL && spool_message_is_backlogged(message);
}

void
data_note_end(struct session *s)
{
	static const unsigned amid = IN(PHASE_DATA) | IN(PHASE_CHUNK) | IN(PHASE_BDAT);
	const struct transaction *t = s->transaction;

	if ((amid & IN(s->phase)) == 0 || t == NULL)
		return;
	/* An application that knows LF alone waits for an answer in vain. */
	session_log_end(s, "content_cut",
	    s->phase == PHASE_DATA && t->receive.dot.bare_ends > 0
		? "the end of the content never came: CRLF . CRLF; lines ended with LF alone"
		: "the end of the content never came");
}
