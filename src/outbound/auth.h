/* SPDX-License-Identifier: ISC */
/* auth.h - the client's side of AUTH (RFC 4954) over libgsasl: which mechanism, and what to say. */
#ifndef OUTBOUND_AUTH_H
#define OUTBOUND_AUTH_H

struct auth;
struct str;

/* The mechanisms that postern can use out of a set (smtp_capabilities.mechanisms): whether there is
 * any. */
int auth_has_common(unsigned mechanisms);

/*
 * Begin with the preferred one of the offered mechanisms: line gets "AUTH NAME [initial response]",
 * without CRLF. NULL on failure.  The caller wipes line.
 */
struct auth *auth_begin(unsigned mechanisms, const char *username, const char *password,
    const char *host, struct str *line);

/* Answer a 334 challenge (base64): line gets the response.  -1: the challenge makes no sense; then
 * "*" ends the exchange. */
int auth_respond(struct auth *auth, const char *challenge, struct str *line);

/* "PLAIN": for the log. */
const char *auth_mechanism(const struct auth *auth);

void auth_free(struct auth **auth);

#endif
