/* SPDX-License-Identifier: ISC */
/*
 * phase.c - the phases of a session: where each may lead, and how a session gets there.
 * Who may say what in which phase stands in verb.c.
 */
#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/transaction.h"

/* Where a phase may lead; PHASE_OVER may follow them all. */
static const unsigned may_follow[PHASE_COUNT] = {
	[PHASE_GREETED] = IN(PHASE_READY) | IN(PHASE_CHUNK) | IN(PHASE_TLS),
	[PHASE_TLS] = IN(PHASE_GREETED),
	[PHASE_READY] = IN(PHASE_READY) | IN(PHASE_MAIL) | IN(PHASE_CHUNK) | IN(PHASE_TLS) |
			IN(PHASE_AUTH) | IN(PHASE_VERIFY),
	[PHASE_AUTH] = IN(PHASE_READY) | IN(PHASE_AUTH) | IN(PHASE_VERIFY),
	[PHASE_VERIFY] = IN(PHASE_READY) | IN(PHASE_VERIFY),
	[PHASE_MAIL] = IN(PHASE_READY) | IN(PHASE_RCPT),
	[PHASE_RCPT] = IN(PHASE_READY) | IN(PHASE_RCPT) | IN(PHASE_DATA) | IN(PHASE_CHUNK),
	[PHASE_DATA] = IN(PHASE_READY) | IN(PHASE_COMMIT),
	[PHASE_CHUNK] = IN(PHASE_GREETED) | IN(PHASE_READY) | IN(PHASE_BDAT) | IN(PHASE_COMMIT),
	[PHASE_BDAT] = IN(PHASE_READY) | IN(PHASE_CHUNK),
	[PHASE_COMMIT] = IN(PHASE_READY),
};

void
session_enter(struct session *s, enum session_phase phase)
{
	static const char *const names[] = {
#define X(name, text) text,
		SESSION_PHASES(X)
#undef X
	};

	if (s->phase == PHASE_OVER)
		return;
	assert(phase == PHASE_OVER || (may_follow[s->phase] & IN(phase)) != 0);
	if (phase != s->phase && log_wants(LOG_LEVEL_DEBUG))
		log_debug("session_phase", log_s("client", s->client),
		    log_s("from", names[s->phase]), log_s("to", names[phase]));
	s->phase = phase;
	s->has_moved = true;
}

void
session_reset(struct session *s)
{
	transaction_free(&s->transaction);
	if (s->phase != PHASE_GREETED)
		session_enter(s, PHASE_READY);
}

void
session_log_end(struct session *s, const char *event, const char *why)
{
	uint64_t omitted;

	if (log_limit_pass(&s->env->endings, clock_mono_ms(), &omitted))
		log_info(event, log_s("client", s->client), log_s("helo", s->helo),
		    log_s("why", why), log_s("listener", s->listen->name),
		    log_s("policy", policy_name(&s->policy)),
		    log_d(omitted > 0 ? "omitted" : NULL, omitted));
}

void
session_part(struct session *s, const struct session_farewell *why)
{
	if (s->phase == PHASE_OVER)
		return;
	session_log_end(s, why->event, why->text);
	reply(s, 421, why->enhanced, "%s %s", s->env->config->hostname, why->text);
	session_enter(s, PHASE_OVER);
}

const char *
session_protocol(const struct session *s)
{
	static const char *const names[2][2] = { { "ESMTP", "ESMTPA" }, { "ESMTPS", "ESMTPSA" } };

	return s->is_esmtp ? names[s->tls[0] != '\0'][s->login != NULL] : "SMTP";
}
