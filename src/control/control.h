/* SPDX-License-Identifier: ISC */
/*
 * control.h - HTTP with JSON on a unix socket, in the outbound worker, for posternctl, curl and
 * scripts; posternctl(8) tells of its resources:
 *
 *   GET  /status  /queue[?SELECTION]  /queue/ID
 *   POST /queue/{retry,hold,release,delete}?SELECTION  /queue/ID/{retry,...}  /retry  /reload
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdint.h>

struct config;
struct control;
struct counters;
struct event_base;
struct outbound;

struct control_context {
	struct event_base *base;
	const struct config *config;
	struct outbound *outbound;
	struct counters *counters;
	uint64_t generation; /* of the config, 1 for the first */
	int64_t started_ms;  /* real time at which the master started */
	/* Ask the master for a reload; the answer comes through control_reload_answered(). */
	void (*request_reload)(void *ctx);
	void *ctx;
};

/* fd: a listening unix socket, which stays the caller's.  NULL: out of memory. */
struct control *control_new(const struct control_context *context, int fd);

/* error NULL: the new config is in force; otherwise the lines that say why it is not. */
void control_reload_answered(struct control *control, const char *error);

/*
 * Accept nobody any more (the next generation's control will) and turn away who asks.  Answers on
 * their way still leave while the loop turns.
 */
void control_leave(struct control *control);

void control_free(struct control **control);

#endif
