/* SPDX-License-Identifier: ISC */
/*
 * relay_attempt.h - the classic ways to have a stranger's mail relayed, each tried as far as RCPT:
 * no message is ever sent.
 */
#ifndef CTL_RELAY_ATTEMPT_H
#define CTL_RELAY_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/str.h"

/* How TLS begins; the certificate does not matter. */
enum relay_tls { RELAY_CLEAR, RELAY_STARTTLS, RELAY_IMPLICIT };

struct relay_path {
	struct sockaddr_storage from; /* AF_UNSPEC: whatever the system takes */
	struct sockaddr_storage to;
	socklen_t len; /* of both */
	enum relay_tls tls;
};

enum relay_result { RELAY_REFUSED, RELAY_ACCEPTED, RELAY_NO_ANSWER };

struct relay_answer {
	enum relay_result result;
	bool offers_starttls; /* in the clear */
	struct str words;     /* what was answered, or what failed; the caller frees it */
};

extern const size_t relay_attempts;

/* What the nth attempt is called. */
const char *relay_attempt_name(size_t nth);

/* Make the nth attempt, on a connection of its own. */
void relay_attempt(const struct relay_path *path, size_t nth, struct relay_answer *answer);

#endif
