/* SPDX-License-Identifier: ISC */
/* login.h - logins against the server's side of libgsasl, over TLS in memory. */
#ifndef UNIT_OUTBOUND_LOGIN_H
#define UNIT_OUTBOUND_LOGIN_H

#include <gsasl.h>

#include "base/str.h"
#include "config/config.h"
#include "outbound/auth.h"

#define USERNAME "us=er, \"x\"@example.com"
#define PASSWORD " p\xc3\xa4ss \"'\\#, "

/* How a server ends a login that is right. */
enum ending {
	LAST_IN_334,     /* what it has left to say is a challenge, as RFC 4954 4 wants it */
	LAST_IN_SUCCESS, /* ... stands in the text of its 235 */
	LAST_UNSAID,     /* it says 235 and no more */
	LAST_FORGED,
};

#define FORGED "dj1mb3JnZWQ=" /* v=forged */

struct login {
	const char *offered;
	enum auth_choice choice;
	const char *username, *password; /* NULL: those of the account */
	enum ending ending;
};

/* The account as the server has it. */
extern const char *login_password;
extern const char *login_iterations;

/* Make a TLS connection of at most this version for the logins that follow. */
void login_connect(int version);
void login_disconnect(void);

/* The server's side of a login. */
Gsasl_session *login_serve(Gsasl **library, const char *mechanism);

/* Log in: the mechanism that was taken, or NULL; what went wrong in why, or "". */
const char *log_in(struct auth_client *client, const struct login *login, struct str *why);

/* The same with a client of its own. */
const char *log_in_once(const struct login *login, struct str *why);

#endif
