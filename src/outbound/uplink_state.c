/* SPDX-License-Identifier: ISC */
/* uplink_state.c - what a connection to an upstream is about, and can do; see uplink.h. */
#include <stdio.h>

#include "outbound/uplink.h"
#include "outbound/uplink_internal.h"

enum step
uplink_step(const struct uplink *uplink)
{
	static const enum step steps[] = {
		[PHASE_CONNECTING] = STEP_CONNECT,
		[PHASE_GREETING] = STEP_GREETING,
		[PHASE_EHLO] = STEP_EHLO,
		[PHASE_STARTTLS] = STEP_STARTTLS,
		[PHASE_TLS] = STEP_TLS,
		[PHASE_AUTH] = STEP_AUTH,
		[PHASE_READY] = STEP_MAIL,
		[PHASE_QUIT] = STEP_QUIT,
		[PHASE_DEAD] = STEP_QUIT,
	};

	const struct expectation *first = expect_first(&uplink->expect);

	return first != NULL ? first->step : steps[uplink->phase];
}

void
uplink_describe(
    const struct uplink *uplink, enum step step, const char *remedy, char *out, size_t size)
{
	char words[UPLINK_WORDS_SIZE];

	smtp_reply_words(&uplink->reply, words, sizeof words);
	(void)snprintf(out, size, "%s: %d%s%s%s%s%s%s%s", step_name(step), uplink->reply.code,
	    uplink->reply.enhanced[0] != '\0' ? " " : "", uplink->reply.enhanced,
	    words[0] != '\0' ? " " : "", words, remedy != NULL ? " (" : "",
	    remedy != NULL ? remedy : "", remedy != NULL ? ")" : "");
}

bool
uplink_is_idle(const struct uplink *uplink)
{
	return uplink->phase == PHASE_READY && uplink->flight.count == 0 &&
	       expect_first(&uplink->expect) == NULL && !prepare_is_busy(uplink);
}

uint64_t
uplink_size_limit(const struct uplink *uplink)
{
	return smtp_offers(&uplink->caps, SMTP_EXT_SIZE) ? uplink->caps.size : 0;
}

bool
uplink_has_room(const struct uplink *uplink)
{
	return pipeline_has_room(uplink);
}

bool
uplink_is_before_login(const struct uplink *uplink)
{
	return uplink->phase < PHASE_AUTH;
}

bool
uplink_is_proven(const struct uplink *uplink)
{
	return uplink->is_proven;
}

bool
uplink_is_connecting(const struct uplink *uplink)
{
	return uplink->phase < PHASE_READY;
}
