/* SPDX-License-Identifier: ISC */
/*
 * fuzz_login.c - a client's answers to the challenges of each mechanism, a line each: nothing
 * proves a password that was not given, and a name or password that is taken fits.
 */
#include <gsasl.h>
#include <string.h>

#include "base/base64.h"
#include "fuzz.h"
#include "listener/auth.h"
#include "listener/auth_private.h"
#include "smtp/capability.h"

enum { ANSWERS_MAX = 8 };

static char hash[] = "$6$postern$nothing.fits.this";
static struct user people[] = {
	{ .name = (char[]){ "alice" }, .hash = hash },
	{ .name = (char[]){ "bob" } },
};
static const struct users users = { .user = people, .count = 2, .has_scram = true };
static struct auth_env env;

static auth_answer_fn *const mechanisms[] = { auth_plain, auth_login, auth_scram };

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	must(gsasl_init(&env.sasl) == GSASL_OK);
	must(scram_key_make("secret", &people[1].key) == 0);
	return 0;
}

/* SIZE_MAX: it does not; else it is what that is encoded to, but for unused bits at its end. */
static size_t
decode(const char *text, size_t len, char *out)
{
	size_t out_len;
	char again[BASE64_ENCODED_SIZE(AUTH_LINE_MAX)];

	if (len > AUTH_LINE_MAX || base64_decode(text, len, (unsigned char *)out, &out_len) < 0)
		return SIZE_MAX;
	must(out_len <= BASE64_DECODED_MAX(len));
	base64_encode(out, out_len, again);
	must(strlen(again) == len && (len == 0 || memcmp(again, text, len - 4) == 0));
	return out_len;
}

static void
check(const struct auth *auth, enum auth_step step)
{
	must(strnlen(auth->name, sizeof auth->name) <= USER_NAME_MAX);
	must(strnlen(auth->password, sizeof auth->password) <= AUTH_PASSWORD_MAX);
	must(step != AUTH_STEP_OK);
	must(step != AUTH_STEP_VERIFY || (auth->name[0] != '\0' && auth->password[0] != '\0'));
	must(!auth->is_proven);
}

/* Take the answers, lines of base64, as long as the mechanism asks on. */
static void
answer(struct auth *auth, auth_answer_fn *take, const char *at, const char *end)
{
	static char octets[BASE64_DECODED_MAX(AUTH_LINE_MAX) + 1];
	enum auth_step step = AUTH_STEP_ASK;

	for (int i = 0; i < ANSWERS_MAX && step == AUTH_STEP_ASK && at < end; i++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf == NULL ? end : lf) - at), octets_len;

		octets_len = decode(at, len, octets);
		if (octets_len == SIZE_MAX)
			return;
		str_cut(&auth->challenge, 0);
		step = take(auth, octets, octets_len);
		check(auth, step);
		at += len + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct auth auth;

	if (size == 0)
		return 0;

	auth_answer_fn *take = mechanisms[data[0] % 3];

	auth = (struct auth){ .users = &users };
	if (take == auth_scram)
		must(auth_scram_begin(&auth, &env) == 0);
	answer(&auth, take, (const char *)data + 1, (const char *)data + size);
	auth_scram_end(&auth);
	str_free(&auth.challenge);
	return 0;
}
