/* SPDX-License-Identifier: ISC */
/*
 * talk.h - conversations with a session, as tables of lines: what the client says ("C: MAIL ..."),
 * and a regular expression for the reply ("S: 250 2.1.0 .*").  A reply of several lines is one line
 * joined with '|'.
 */
#ifndef UNIT_LISTENER_TALK_H
#define UNIT_LISTENER_TALK_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/counters.h"
#include "base/str.h"
#include "config/config.h"
#include "fake_spool.h"
#include "listener/gate.h"
#include "listener/session.h"

enum { TALK_LIMIT_MS = 10000 };

/* How the client's octets travel. */
enum talk_pace {
	TALK_LINES,  /* a line, then its reply */
	TALK_OCTETS, /* the same, in packets of one octet */
	TALK_PACKET, /* all lines in one packet, then all replies */
	TALK_PACES
};

struct talk {
	struct event_base *base;
	struct config config;
	struct config_listen listen;
	struct gate gate; /* no TLS */
	struct cidr relay_from;
	struct counters counters;
	struct fake_spool spool;
	struct spool_writer *writer;
	struct session_env env;
	struct space *space;
	struct session *session; /* NULL once it has ended */
	struct sockaddr_in peer;
	int fd; /* the client's end */
	struct event *readable, *limit;
	struct str heard; /* replies not yet taken */
	bool is_closed;   /* the server has closed */
};

/* Set up, so that the test may still change config, spool, space and peer; then begin a session. */
void talk_setup(struct talk *talk);
void talk_begin(struct talk *talk);
void talk_end(struct talk *talk);

/* The disk, as the session's space sees it. */
void talk_fill_disk(bool full);

void talk_send(struct talk *talk, const void *data, size_t len);
void talk_say(struct talk *talk, const char *text); /* a line; CRLF is added */
void talk_shut(struct talk *talk);                  /* close the client's writing side */

/* The next reply must match; it stands in the return value until the next call. */
const char *talk_hear(struct talk *talk, const char *pattern);

/* The whole text must match. */
void talk_check(const char *text, const char *pattern);

/* The server must close, having said no more. */
void talk_hear_close(struct talk *talk);

/* Turn the loop until the condition holds. */
void talk_until(struct talk *talk, bool (*is_so)(const struct talk *talk));

/* Turn the loop until there is nothing left to do without time passing. */
void talk_settle(struct talk *talk);

/* Run "C: ", "S: " lines up to a NULL; "C: " text may have "\r\n" within, which splits nothing. */
void talk_run(struct talk *talk, enum talk_pace pace, const char *const *lines);

/* Set up, begin, hear the greeting, run, end: for each pace. */
void talk_at_all_paces(const char *const *lines);

#endif
