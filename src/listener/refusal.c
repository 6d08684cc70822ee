/* SPDX-License-Identifier: ISC */
/*
 * refusal.c - see refusal.h.  It costs a line, never a session: a flood of clients is refused here.
 */
#include "listener/refusal.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/sockaddr.h"
#include "config/config.h"
#include "listener/policy.h"
#include "listener/session.h"

static void
log_refused(struct session_env *env, const struct config_listen *listen, const struct arriving *who,
    const char *why)
{
	char client[SOCKADDR_TEXT_SIZE];
	uint64_t omitted;

	if (!log_limit_pass(&env->refusals, clock_mono_ms(), &omitted))
		return;

	const struct policy policy = policy_find(env->config, listen, who->peer, NULL);

	sockaddr_format(who->peer, who->len, client);
	log_info("session_refused", log_s("client", client), log_s("why", why),
	    log_s("listener", listen->name), log_s("policy", policy_name(&policy)),
	    log_d(omitted > 0 ? "omitted" : NULL, omitted));
}

/* A fresh socket's buffer takes a line: what it does not take is lost, and no loss. */
static void
say_why(const struct session_env *env, int fd, const char *why)
{
	struct str line = STR_EMPTY;

	str_printf(&line, "421 4.7.0 %s %s\r\n", env->config->hostname, why);
	if (!str_is_bad(&line))
		(void)!send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	str_free(&line);
}

/*
 * A client that begins with TLS could read it behind a handshake alone, which is more than a flood
 * is to cost.  To close with unread input would reset, and the line might be lost.
 */
void
refusal_give(struct session_env *env, const struct arriving *who, const char *why)
{
	const struct config_listen *listen = &env->config->listen[who->index];
	char waste[1024];

	counter_add(&env->counters->sessions_refused, 1);
	log_refused(env, listen, who, why);
	if (listen->tls != TLS_IMPLICIT)
		say_why(env, who->fd, why);
	(void)!recv(who->fd, waste, sizeof waste, MSG_DONTWAIT);
	close(who->fd);
}
