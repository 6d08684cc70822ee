/* SPDX-License-Identifier: ISC */
/*
 * listener.h - the inbound side of one worker process: accept clients, converse, hand messages to
 * the spool. It never sees a password.
 */
#ifndef LISTENER_LISTENER_H
#define LISTENER_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct counters;
struct event_base;
struct gates;
struct listener;
struct sizes;
struct spool;
struct spool_writer;

/*
 * fds[i] is the listening socket of config->listen[i]; they stay the caller's.  gates, writer
 * and sizes (of the upstreams) are borrowed and outlive the listener.  NULL: out of memory.
 */
struct listener *listener_new(struct event_base *base, const struct config *config,
    const struct gates *gates, const int *fds, struct spool *spool, struct spool_writer *writer,
    struct counters *counters, const struct sizes *sizes);

enum listener_drain {
	/* Others accept now: sessions go on for a minute, then hear 421 when no transaction is
	   open. */
	LISTENER_RELOAD,
	/*
	 * Sessions hear 421 as soon as no transaction is open, after 8 s in the middle of it; only
	 * a commit that runs is waited for.
	 */
	LISTENER_STOP,
};

/*
 * Accept no more, see the sessions off; on_done is called once, from the loop, when none is left.
 * May be called again to be less patient: then the later on_done counts.
 */
void listener_drain(
    struct listener *listener, enum listener_drain how, void (*on_done)(void *ctx), void *ctx);

void listener_free(struct listener **listener);

#endif
