/* SPDX-License-Identifier: ISC */
/* auth.c - AUTH PLAIN, LOGIN and EXTERNAL (RFC 4954, RFC 4616, RFC 4422 A).  A mechanism is one row
 * and one function. */
#include <event2/bufferevent_ssl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "eventlog.h"
#include "reply.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "verbs.h"

enum auth_result { AUTH_OK, AUTH_WRONG, AUTH_MORE };

/* data: what the client said, decoded, or NULL; challenge: base64, for AUTH_MORE. */
typedef enum auth_result
auth_step(struct session *s, const char *data, size_t len, const char **challenge);

static auth_step step_plain, step_login, step_external;

static const struct auth_mechanism {
	const char *name;
	auth_step *step;
} mechanisms[] = {
	{ "PLAIN", step_plain },
	{ "LOGIN", step_login },
	{ "EXTERNAL", step_external },
};

static bool
is_same(const char *data, size_t len, const char *wanted)
{
	return len == strlen(wanted) && CRYPTO_memcmp(data, wanted, len) == 0;
}

static enum auth_result
step_plain(struct session *s, const char *data, size_t len, const char **challenge)
{
	const struct options *options = s->server->options;
	const char *user, *password;
	size_t left;

	*challenge = "";
	if (data == NULL)
		return AUTH_MORE;
	user = memchr(data, '\0', len);
	if (user == NULL)
		return AUTH_WRONG;
	if (user != data && !is_same(data, (size_t)(user - data), options->user))
		return AUTH_WRONG;
	user++;
	left = len - (size_t)(user - data);
	password = memchr(user, '\0', left);
	if (password == NULL || !is_same(user, (size_t)(password - user), options->user))
		return AUTH_WRONG;
	password++;
	return is_same(password, len - (size_t)(password - data), options->password) ? AUTH_OK
										     : AUTH_WRONG;
}

static enum auth_result
step_login(struct session *s, const char *data, size_t len, const char **challenge)
{
	const struct options *options = s->server->options;

	if (data == NULL) {
		*challenge = "VXNlcm5hbWU6";
		return AUTH_MORE;
	}
	if (s->auth_step == 0) {
		s->auth_step = 1;
		s->auth_user_ok = is_same(data, len, options->user);
		*challenge = "UGFzc3dvcmQ6";
		return AUTH_MORE;
	}
	return s->auth_user_ok && is_same(data, len, options->password) ? AUTH_OK : AUTH_WRONG;
}

/* Any certificate is the user's. */
static enum auth_result
step_external(struct session *s, const char *data, size_t len, const char **challenge)
{
	SSL *ssl = bufferevent_openssl_get_ssl(s->bev);

	*challenge = "";
	if (data == NULL)
		return AUTH_MORE;
	if (ssl == NULL || SSL_get0_peer_certificate(ssl) == NULL)
		return AUTH_WRONG;
	return len == 0 || is_same(data, len, s->server->options->user) ? AUTH_OK : AUTH_WRONG;
}

/* Decode strictly; the length, or -1.  out has room for 3/4 of text. */
static int
decode(const char *text, unsigned char *out)
{
	size_t len = strlen(text);
	size_t body =
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	size_t pads = strspn(text + body, "=");

	if (len % 4 != 0 || body + pads != len || pads > 2)
		return -1;
	if (len == 0)
		return 0;
	return EVP_DecodeBlock(out, (const unsigned char *)text, (int)len) - (int)pads;
}

static void
finish(struct session *s, bool right)
{
	const struct fault *fault = session_fault(s, STEP_AUTH, NULL);
	bool pass = right && fault_lets_pass(fault, '2');

	s->mode = MODE_COMMAND;
	if (pass) {
		s->user = s->server->options->user;
		s->mechanism = s->auth->name;
	}
	stats_add(s->server->stats, pass ? COUNT_AUTH_OK : COUNT_AUTH_FAILED, 1);
	if (session_logs(s))
		session_log(s, "auth",
		    json_pack(
			"{s:s, s:b, s:b}", "mechanism", s->auth->name, "ok", pass, "right", right));
	if (right || fault != NULL)
		reply_step(s, fault, &(struct reply){ 235, "2.7.0", "Authentication succeeded" });
	else
		reply(s, 535, "5.7.8", "Authentication credentials invalid");
}

/* Take what the client said (NULL: nothing yet; a password, maybe, so it is wiped). */
static void
take(struct session *s, char *text)
{
	unsigned char data[LINE_MAX_OCTETS];
	const char *challenge = "";
	char line[64];
	int len = text != NULL ? decode(text, data) : 0;
	enum auth_result result;

	if (len < 0) {
		s->mode = MODE_COMMAND;
		session_violation(s, "bad-base64", s->auth->name);
		reply(s, 501, "5.5.2", "Not base64");
		return;
	}
	result = s->auth->step(s, text != NULL ? (char *)data : NULL, (size_t)len, &challenge);
	OPENSSL_cleanse(data, (size_t)len);
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	if (result == AUTH_MORE) {
		s->mode = MODE_AUTH;
		snprintf(line, sizeof(line), "334 %s\r\n", challenge);
		reply_raw(s, line);
		return;
	}
	finish(s, result == AUTH_OK);
}

void
auth_continue(struct session *s, char *line)
{
	if (session_logs(s))
		session_log(s, "command", json_pack("{s:s}", "command", "***"));
	if (s->pipelined)
		session_violation(s, "pipelined-after", "AUTH");
	if (strcmp(line, "*") == 0) {
		s->mode = MODE_COMMAND;
		reply(s, 501, "5.7.0", "Authentication cancelled");
		return;
	}
	take(s, line);
}

/* Is it among the ones offered, and do we know it? */
static const struct auth_mechanism *
find(const struct session *s, const char *name, size_t len)
{
	const char *p = s->server->options->mechanisms;

	for (;; p++) {
		size_t word = strcspn(p, " ");

		if (word == len && strncasecmp(p, name, len) == 0)
			break;
		p += word;
		if (*p == '\0')
			return NULL;
	}
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (strlen(mechanisms[i].name) == len &&
		    strncasecmp(mechanisms[i].name, name, len) == 0)
			return &mechanisms[i];
	return NULL;
}

void
on_auth(struct session *s, char *arg)
{
	size_t len = strcspn(arg, " ");
	char *initial = arg[len] == ' ' ? arg + len + 1 : NULL;

	if (!(s->offered & EXT_AUTH)) {
		session_violation(s, s->tls ? "auth-unoffered" : "auth-without-tls", "");
		reply(s, 502, "5.5.1", "AUTH not offered");
	} else if (s->user != NULL) {
		session_violation(s, "auth-twice", "");
		reply(s, 503, "5.5.1", "Already authenticated");
	} else if ((s->auth = find(s, arg, len)) == NULL) {
		session_violation(s, "auth-mechanism", "one that was not offered");
		reply(s, 504, "5.5.4", "Mechanism not known");
	} else {
		s->auth_step = 0;
		if (initial != NULL && strcmp(initial, "=") == 0)
			*initial = '\0';
		take(s, initial);
	}
}
