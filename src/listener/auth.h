/* SPDX-License-Identifier: ISC */
/*
 * auth.h - a client's login (RFC 4954), from AUTH to its answer.  What a client says here is never
 * logged, but for the name.
 */
#ifndef LISTENER_AUTH_H
#define LISTENER_AUTH_H

#include <stdbool.h>

struct session;
struct verifier;
struct Gsasl;

/* What all sessions share; all zeros: no login anywhere. */
struct auth_env {
	struct verifier *verifier;
	struct Gsasl *sasl; /* for SCRAM */
};

struct event_base;

/* -1: out of memory or of threads. */
int auth_env_init(struct auth_env *env, struct event_base *base);
void auth_env_clear(struct auth_env *env);

/* Whether the listener has users; and the set of smtp_mechanism that the client may use now. */
bool auth_is_here(const struct session *session);
unsigned auth_mechanisms(const struct session *session);

/* In PHASE_AUTH: take an answer; false: there is none yet. */
bool auth_take(struct session *session);

/* Drop a login that has not ended. */
void auth_abort(struct session *session);

#endif
