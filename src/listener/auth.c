/* SPDX-License-Identifier: ISC */
/*
 * auth.c - AUTH: challenges and answers, what is wrong with them, and how a login ends; see auth.h.
 * A wrong password is answered after a pause, and the third ends the session: guessing takes time,
 * and how long tells nothing about a name.
 */
#include "listener/auth.h"

#include <event2/event.h>
#include <gsasl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "listener/auth_private.h"
#include "listener/clients.h"
#include "listener/gate.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/verb.h"
#include "listener/verifier.h"
#include "net/conn.h"
#include "smtp/capability.h"

enum {
	FAILURES_MAX = 3,
	FAILURE_MS = 1000,
	CHALLENGE_MAX = 360, /* that stand on a reply's line, in base64 */
};

struct auth_mechanism {
	unsigned bit;
	auth_answer_fn *answer;
};

static const struct auth_mechanism mechanisms[] = {
	{ SMTP_MECH_PLAIN, auth_plain },
	{ SMTP_MECH_LOGIN, auth_login },
	{ SMTP_MECH_SCRAM_SHA_256, auth_scram },
};

static const struct smtp_status no_memory = { 454, "4.7.0", "Out of memory: try again later" };
static const struct smtp_status garbled = { 501, "5.5.2", "Cannot make sense of that answer" };
static const struct smtp_status wrong = { 535, "5.7.8", "Wrong name or password" };
static const struct smtp_status cancelled = { 501, "5.7.0", "Login cancelled" };
static const struct smtp_status too_long = { 500, "5.5.6", "Answer too long" };
static const struct session_farewell too_many = { "login_attempts", "4.7.0",
	"too many failed logins" };
static const struct session_farewell too_many_sessions = { "session_connections", "4.7.0",
	"too many connections from your address" };

int
auth_env_init(struct auth_env *env, struct event_base *base)
{
	env->verifier = verifier_new(base);
	return env->verifier != NULL && gsasl_init(&env->sasl) == GSASL_OK ? 0 : -1;
}

void
auth_env_clear(struct auth_env *env)
{
	verifier_free(&env->verifier);
	if (env->sasl != NULL)
		gsasl_done(env->sasl);
	env->sasl = NULL;
}

bool
auth_is_here(const struct session *s)
{
	return s->gate->users != NULL;
}

/* A password is for TLS, or for who does not leave this host. */
unsigned
auth_mechanisms(const struct session *s)
{
	if (!auth_is_here(s) || (s->tls[0] == '\0' && !sockaddr_is_loopback(&s->peer.sa)))
		return 0;
	return SMTP_MECH_PLAIN | SMTP_MECH_LOGIN |
	       (s->gate->users->has_scram ? (unsigned)SMTP_MECH_SCRAM_SHA_256 : 0);
}

void
auth_abort(struct session *s)
{
	struct auth *auth = s->auth;

	if (auth == NULL)
		return;
	verifier_forget(&auth->job);
	auth_scram_end(auth);
	if (auth->pause != NULL)
		event_free(auth->pause);
	str_wipe(&auth->challenge);
	OPENSSL_cleanse(auth->password, sizeof auth->password);
	free(auth);
	s->auth = NULL;
}

/* The login has ended without success. */
static void
end_with(struct session *s, const struct smtp_status *status)
{
	auth_abort(s);
	session_enter(s, PHASE_READY);
	s->command = "AUTH";
	reply_status(s, status);
	s->command = NULL;
}

static void
on_pause_over(evutil_socket_t fd, short what, void *ctx)
{
	struct session *s = ctx;

	(void)fd;
	(void)what;
	end_with(s, &wrong);
	if (++s->failed_logins >= FAILURES_MAX)
		session_part(s, &too_many);
	session_advance(s);
}

/* A refusal comes a whole number of pauses behind the answer, whatever hash was made meanwhile. */
static int
ms_to_refusal(const struct auth *auth)
{
	return FAILURE_MS - (int)((clock_mono_ms() - auth->answered_ms) % FAILURE_MS);
}

static void
log_failure(struct session *s)
{
	uint64_t omitted;

	if (log_limit_pass(&s->env->failed_logins, clock_mono_ms(), &omitted))
		log_warning("login_failed", log_s("client", s->client),
		    log_s("user", s->auth->name),
		    log_s("mechanism", smtp_mechanism_name(s->auth->mechanism->bit)),
		    log_s("listener", s->listen->name),
		    log_d(omitted > 0 ? "omitted" : NULL, omitted));
}

static void
fail(struct session *s)
{
	struct auth *auth = s->auth;
	int ms = ms_to_refusal(auth);
	struct timeval pause = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	log_failure(s);
	session_enter(s, PHASE_VERIFY);
	auth->pause = evtimer_new(s->env->base, on_pause_over, s);
	if (auth->pause == NULL || evtimer_add(auth->pause, &pause) < 0)
		end_with(s, &no_memory);
}

/* Who logs in may come under a section with a limit of its own. */
static bool
has_too_many_sessions(const struct session *s)
{
	const struct session_env *env = s->env;

	return env->clients != NULL && clients_count(env->clients, &s->peer.sa) >
					   policy_connections(&s->policy, env->config);
}

static void
succeed(struct session *s)
{
	struct auth *auth = s->auth;

	s->login = strdup(auth->name);
	if (s->login == NULL) {
		end_with(s, &no_memory);
		return;
	}
	session_find_policy(s);
	log_info("login", log_s("client", s->client), log_s("user", s->login),
	    log_s("mechanism", smtp_mechanism_name(auth->mechanism->bit)),
	    log_s("listener", s->listen->name), log_s("policy", policy_name(&s->policy)));
	auth_abort(s);
	session_enter(s, PHASE_READY);
	if (has_too_many_sessions(s))
		session_part(s, &too_many_sessions);
	else
		reply(s, 235, "2.7.0", "Login accepted");
}

static void
on_verified(void *ctx, bool fits)
{
	struct session *s = ctx;

	s->auth->job = NULL;
	if (fits)
		succeed(s);
	else
		fail(s);
	session_advance(s);
}

static void
verify(struct session *s)
{
	struct auth *auth = s->auth;

	auth->job = verifier_submit(s->env->auth.verifier, auth->users, &s->peer.sa, auth->name,
	    auth->password, on_verified, s);
	OPENSSL_cleanse(auth->password, sizeof auth->password);
	if (auth->job == NULL)
		end_with(s, &no_memory);
	else
		session_enter(s, PHASE_VERIFY);
}

static void
ask(struct session *s)
{
	struct str *challenge = &s->auth->challenge;
	char text[BASE64_ENCODED_SIZE(CHALLENGE_MAX)];

	if (str_is_bad(challenge) || challenge->len > CHALLENGE_MAX) {
		end_with(s, &garbled);
		return;
	}
	base64_encode(challenge->data, challenge->len, text);
	str_cut(challenge, 0);
	session_enter(s, PHASE_AUTH);
	reply(s, 334, NULL, "%s", text);
}

static void
proceed(struct session *s, enum auth_step step)
{
	switch (step) {
	case AUTH_STEP_ASK:
		ask(s);
		break;
	case AUTH_STEP_VERIFY:
		verify(s);
		break;
	case AUTH_STEP_OK:
		succeed(s);
		break;
	case AUTH_STEP_WRONG:
		fail(s);
		break;
	case AUTH_STEP_GARBLED:
		end_with(s, &garbled);
		break;
	}
}

/* An answer in base64, or "=" for one of no octets where that cannot be said otherwise. */
static void
take_answer(struct session *s, const char *text, size_t len)
{
	char data[BASE64_DECODED_MAX(AUTH_LINE_MAX) + 1];
	size_t data_len;

	s->auth->answered_ms = clock_mono_ms();
	if (base64_decode(text, len, (unsigned char *)data, &data_len) < 0)
		end_with(s, &garbled);
	else
		proceed(s, s->auth->mechanism->answer(s->auth, data, data_len));
	OPENSSL_cleanse(data, sizeof data);
}

bool
auth_take(struct session *s)
{
	char line[AUTH_LINE_MAX + 1];
	size_t len;
	bool bare_lf;

	switch (conn_read_line(s->conn, line, sizeof line, &len, &bare_lf)) {
	case CONN_LINE_NONE:
		return false;
	case CONN_LINE_TOO_LONG:
		s->is_skipping = true;
		end_with(s, &too_long);
		break;
	case CONN_LINE_OK:
		if (len == 1 && line[0] == '*')
			end_with(s, &cancelled);
		else
			take_answer(s, line, len);
		OPENSSL_cleanse(line, len);
		break;
	}
	s->has_moved = true;
	return true;
}

/* The mechanism that len octets of word name, if the client may use it. */
static const struct auth_mechanism *
find(unsigned allowed, const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
		const char *name = smtp_mechanism_name(mechanisms[i].bit);

		if ((allowed & mechanisms[i].bit) != 0 && strlen(name) == len &&
		    strncasecmp(name, word, len) == 0)
			return &mechanisms[i];
	}
	return NULL;
}

static int
begin(struct session *s, const struct auth_mechanism *mechanism)
{
	s->auth = calloc(1, sizeof *s->auth);
	if (s->auth == NULL)
		return -1;
	s->auth->mechanism = mechanism;
	s->auth->users = s->gate->users;
	if (mechanism->bit != SMTP_MECH_SCRAM_SHA_256)
		return 0;
	return auth_scram_begin(s->auth, &s->env->auth);
}

void
on_auth(struct session *s, const struct smtp_command *command)
{
	const char *argument = command->argument;
	const char *space = memchr(argument, ' ', command->argument_len);
	size_t name_len = space == NULL ? command->argument_len : (size_t)(space - argument);
	unsigned allowed = auth_mechanisms(s);
	const struct auth_mechanism *mechanism = find(allowed, argument, name_len);

	if (s->login != NULL) {
		reply(s, 503, "5.5.1", "You are logged in already");
	} else if (allowed == 0) {
		reply(s, 538, "5.7.11", "A login needs TLS: say STARTTLS first");
	} else if (mechanism == NULL) {
		reply(s, 504, "5.5.4", "That mechanism is not offered here");
	} else if (begin(s, mechanism) < 0) {
		end_with(s, &no_memory);
	} else if (space == NULL) {
		proceed(s, mechanism->answer(s->auth, NULL, 0));
	} else {
		size_t len = command->argument_len - name_len - 1;

		/* RFC 4954 4: "=" is an answer of no octets. */
		take_answer(s, space + 1, len == 1 && space[1] == '=' ? 0 : len);
	}
}
