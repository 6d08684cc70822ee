/* SPDX-License-Identifier: ISC */
/* session.h - one inbound SMTP conversation, from greeting to hang-up. */
#ifndef LISTENER_SESSION_H
#define LISTENER_SESSION_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/id.h"
#include "base/log_limit.h"
#include "base/str.h"
#include "listener/auth.h"

struct config;
struct config_listen;
struct counters;
struct clients;
struct event_base;
struct gate;
struct rates;
struct session;
struct sizes;
struct space;
struct spool_writer;

/* What all sessions of a listener share. */
struct session_env {
	struct event_base *base;
	const struct config *config;
	struct spool_writer *writer;
	struct counters *counters;
	const struct space *space;
	const struct sizes *sizes; /* of messages that each upstream takes; NULL: none is known */
	struct rates *rates;       /* of client sections; NULL: none has one */
	struct clients *clients;   /* how many sessions each address has */
	struct id_source ids;
	struct auth_env auth;
	unsigned offered; /* set of smtp_extension that EHLO shows to everybody */
	struct str line;  /* for a text that is formatted and used at once */
	/* Of the log, since clients may cause thousands: of them turned away, of commands, ... */
	struct log_limit refusals, rejections, endings, failed_logins;
	struct log_limit lingering; /* sessions a second that wait for their client to close */
};

/* Prepare what is computed once.  The pointers are set by the caller and borrowed. */
void session_env_init(struct session_env *env);
void session_env_clear(struct session_env *env);

/*
 * Take over a connected socket and greet the peer, behind the TLS handshake where that comes first.
 * listen and gate are borrowed.  The session owns fd and frees itself when it is over; on_end is
 * called then, on the event loop and never from within this call.  NULL: out of memory, fd stays
 * with the caller.
 */
struct session *session_start(struct session_env *env, int fd, const struct config_listen *listen,
    const struct gate *gate, const struct sockaddr *peer, socklen_t peer_len,
    void (*on_end)(void *ctx), void *ctx);

/*
 * For how many ms the session has waited for its client to say something, or for a password to be
 * checked, at a monotonic time; 0 within a transaction.
 */
int64_t session_idle_ms(const struct session *session, int64_t now_ms);

/* Make room for another client: say 421 and free the session; on_end is called. */
void session_yield(struct session *session);

enum session_drain {
	SESSION_DRAIN_GENTLY, /* 421 as soon as no transaction is open */
	SESSION_DRAIN_NOW,    /* 421 in the middle of one; only a commit that runs is waited for */
};

/* See the client off.  Safe to call again; may free the session at once, on_end is called. */
void session_drain(struct session *session, enum session_drain how);

/* Free without a word; a commit that runs goes on, and nobody hears of it.  on_end is not called.
 */
void session_free(struct session **session);

#endif
