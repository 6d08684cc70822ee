/* SPDX-License-Identifier: ISC */
/*
 * session.h - one client's connection.  The fields are shared by the files
 * that make up the session: verbs, envelope, auth, receive, misbehave, output.
 * Nothing frees a session but session.c, at the end of an event: the others
 * set `gone`.
 */
#ifndef PROVIDER_SESSION_H
#define PROVIDER_SESSION_H

#include <sys/queue.h>

#include <event2/util.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "content.h"
#include "faults.h"
#include "options.h"
#include "output.h"

#define LINE_MAX_OCTETS    12288 /* AUTH's (RFC 4954 4.): no command may be longer */
#define ADDRESS_MAX_OCTETS 256   /* RFC 5321 4.5.3.1.3 */
#define RECIPIENTS_MAX     100000

struct auth_mechanism;
struct bufferevent;
struct evbuffer;
struct event;
struct server;

/* What the next octets of the client are. */
enum mode {
	MODE_COMMAND,
	MODE_AUTH,
	MODE_DATA,
	MODE_BDAT,
	MODE_PAUSED, /* not ours to read: a handshake, or a stall */
	MODE_DEAF    /* read and forgotten */
};

/* What has been said so far in this session. */
enum phase { PHASE_NEW, PHASE_READY, PHASE_MAIL, PHASE_RCPT, PHASES };

struct transaction {
	char from[ADDRESS_MAX_OCTETS + 1];
	json_t *mail_params;
	json_t *rcpts; /* [{address, params}] */
	const char **rcpt_addresses;
	size_t n_rcpts;
	bool mail_tried; /* a refused MAIL or RCPT excuses what was pipelined behind it */
	bool rcpt_tried;
	bool eight_bit;
	bool utf8;
	bool broken; /* an earlier BDAT was refused */
	bool bdat;
	struct message *message;
	struct line_check check;
	struct dots dots;
	const struct fault *content_fault;
};

struct chunk {
	unsigned long long left;
	bool last;
	bool refused;
};

struct session {
	TAILQ_ENTRY(session) link;
	struct server *server;
	unsigned long number;
	enum port_kind port;
	char client[64];
	struct bufferevent *bev;
	struct output output;
	struct event *timer; /* a stall's or a goodbye's end */
	bool stalled;        /* for ever */
	bool gone;
	bool choked; /* not read from, since the client reads no replies */

	enum mode mode;
	enum mode resume; /* the mode after a stall */
	enum phase phase;
	bool spoken; /* the client has said something */
	bool tls;    /* the handshake is done */
	bool starttls;
	bool handshaking;
	bool pipelined; /* more input follows the command at hand */
	char helo[ADDRESS_MAX_OCTETS + 1];
	bool esmtp;
	unsigned offered; /* extensions, in the last answer to EHLO */

	const char *user; /* authenticated as */
	const char *mechanism;
	const struct auth_mechanism *auth;
	int auth_step;
	bool auth_user_ok;

	struct transaction tx;
	struct chunk chunk;
	unsigned long transactions;
	unsigned long messages;
	char swapped[1024]; /* a reply that goes out behind the next one */
	size_t swapped_len;
	char line[LINE_MAX_OCTETS + 1];
};

/* Take over a connected socket. */
void
session_start(struct server *server, evutil_socket_t fd, enum port_kind port, const char *client);

void session_free(struct session **session);

/* Say 220, or what a fault has instead. */
void session_greet(struct session *s);

/* Read no more; whatever comes is thrown away, until the client leaves. */
void session_deafen(struct session *s);

/* Stop reading, so that the client's window fills; for ms, or for ever (0).  Needs a mode to
 * resume. */
void session_stall(struct session *s, unsigned long ms);

/* What output.c comes to in the queue: start TLS, or hang up in the way of `kind`. */
void session_begin_tls(struct session *s);
void session_hang_up(struct session *s, enum output_kind kind);

/* Work on the input there is, as far as the output allows. */
void session_run(struct session *s);

/* At the end of each event: free the session if it is gone. */
void session_settle(struct session *s);

/* Forget the transaction: back to PHASE_READY, when there was an EHLO. */
void session_end_transaction(struct session *s);

/* The octets the client has sent and nobody has looked at. */
size_t session_unread(const struct session *s);

/* Note a breach of the protocol. */
void session_violation(struct session *s, const char *kind, const char *detail);

/* Log an event; takes fields.  Call it only when session_logs(). */
void session_log(struct session *s, const char *event, json_t *fields);
bool session_logs(const struct session *s);

/* Is there a fault for this step now?  rcpt: the recipient at hand, or NULL for all of them. */
const struct fault *session_fault(struct session *s, enum step step, const char *rcpt);

#endif
