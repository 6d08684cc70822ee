/* SPDX-License-Identifier: ISC */
/*
 * auth.h - the client's side of AUTH (RFC 4954) over libgsasl: which mechanism, and what to say.
 * An auth_client is what all logins to one upstream share; an auth is one exchange.
 */
#ifndef OUTBOUND_AUTH_H
#define OUTBOUND_AUTH_H

#include <stdbool.h>

struct auth;
struct auth_client;
struct config_upstream;
struct smtp_capabilities;
struct ssl_st;
struct str;

/*
 * For the logins to an upstream as it is configured.  Both are borrowed; password NULL: none.
 * NULL: out of memory.
 */
struct auth_client *auth_client_new(const struct config_upstream *config, const char *password);
void auth_client_free(struct auth_client **client); /* after its last auth */

/* Whether an upstream that offers this is to be logged in to. */
bool auth_is_wanted(const struct auth_client *client, const struct smtp_capabilities *offered);

/*
 * Begin with the strongest mechanism that both sides have: line gets "AUTH NAME [initial
 * response]", without CRLF.  NULL on failure, with the reason in why.  The caller wipes line.  ssl
 * is the connection's session, to bind the login to.
 */
struct auth *auth_begin(struct auth_client *client, const struct smtp_capabilities *offered,
    struct ssl_st *ssl, struct str *line, struct str *why);

/* Answer a 334 challenge (base64): line gets the response.  -1: it makes no sense or is not
 * genuine, with the reason in why. */
int auth_respond(struct auth *auth, const char *challenge, struct str *line, struct str *why);

/*
 * Whether the upstream's 235 counts: with SCRAM the server must prove that it knows the password
 * (RFC 5802 5), before its success or, as some do, in its text.  -1 with the reason in why.
 */
int auth_conclude(struct auth *auth, const char *text, struct str *why);

/* "SCRAM-SHA-256": for the log. */
const char *auth_mechanism(const struct auth *auth);

/* Whether the password is not sent but proven, which not every account's provider can check. */
bool auth_is_proof(const struct auth *auth);

void auth_free(struct auth **auth);

#endif
