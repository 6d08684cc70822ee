/* SPDX-License-Identifier: ISC */
/* auth_private.h - what a login is made of, for auth.c and the files of its mechanisms. */
#ifndef LISTENER_AUTH_PRIVATE_H
#define LISTENER_AUTH_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "config/users.h"

enum {
	AUTH_LINE_MAX = 12288, /* RFC 4954 4 */
	AUTH_PASSWORD_MAX = 1024,
};

struct auth_mechanism;
struct auth_env;
struct event;
struct Gsasl_session;
struct verifier_job;

struct auth {
	const struct auth_mechanism *mechanism;
	const struct users *users;
	unsigned answers; /* how many were taken */
	char name[USER_NAME_MAX + 1];
	char password[AUTH_PASSWORD_MAX + 1];
	struct Gsasl_session *scram;
	bool is_proven;           /* by SCRAM: our own proof is on its way */
	struct str challenge;     /* octets for the client, not base64 yet */
	struct verifier_job *job; /* the password is being checked */
	struct event *pause;      /* it was wrong, and the answer waits */
	int64_t answered_ms;      /* when the client gave its last answer (monotonic) */
};

/* What came of an answer. */
enum auth_step {
	AUTH_STEP_ASK,    /* send the challenge */
	AUTH_STEP_VERIFY, /* name and password are there */
	AUTH_STEP_OK,
	AUTH_STEP_WRONG,   /* no such user or password */
	AUTH_STEP_GARBLED, /* not what the mechanism wants */
};

/* Take an answer; NULL: the client began without one. */
typedef enum auth_step auth_answer_fn(struct auth *auth, const char *data, size_t len);

auth_answer_fn auth_plain, auth_login; /* auth_plain.c */
auth_answer_fn auth_scram;             /* auth_scram.c */

/* -1: out of memory. */
int auth_scram_begin(struct auth *auth, const struct auth_env *env);
void auth_scram_end(struct auth *auth);

#endif
