/* SPDX-License-Identifier: ISC */
/*
 * dial.c - look a host up and race its addresses; the race begins when the first of them are known,
 * and those that come later still take part (RFC 8305 3).
 */
#include "net/dial.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/race.h"
#include "net/resolver.h"

struct dial {
	struct event_base *base;
	struct resolver *resolver;
	struct dial_target target;
	struct lookup *lookup; /* until its last answer */
	struct race *race;
	struct event *limit;
	dial_fn *done;
	void *ctx;
};

static struct timeval
timeval_ms(uint64_t ms)
{
	return (
	    struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (long)(ms % 1000) * 1000 };
}

void
dial_cancel(struct dial **dial)
{
	struct dial *old = *dial;

	if (old == NULL)
		return;
	*dial = NULL;
	lookup_cancel(&old->lookup);
	race_free(&old->race);
	if (old->limit != NULL)
		event_free(old->limit);
	free(old);
}

/* Every address that was tried and what became of it; without any, the reason. */
static void
fail(struct dial *dial, const char *reason)
{
	struct str why = STR_EMPTY;

	str_printf(&why, "cannot connect to %s port %u: ", dial->target.host, dial->target.port);
	if (race_count(dial->race) == 0)
		str_puts(&why, reason);
	race_explain(dial->race, reason, &why);
	dial->done(dial->ctx, -1, NULL, str_is_bad(&why) ? reason : why.data);
	str_free(&why);
	dial_cancel(&dial);
}

static void
on_raced(void *ctx, int fd, const struct sockaddr *peer)
{
	struct dial *dial = ctx;

	if (fd < 0) {
		fail(dial, "failed");
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	dial->done(dial->ctx, fd, peer, "");
	dial_cancel(&dial);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;

	(void)fd;
	(void)what;
	fail(dial,
	    race_count(dial->race) == 0 ? "the name servers do not answer" : strerror(ETIMEDOUT));
}

/* Enter an address with our port. */
static void
enter(struct dial *dial, const struct sockaddr *address, socklen_t len)
{
	union {
		struct sockaddr_storage storage;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} with_port;

	memcpy(&with_port, address, len);
	if (address->sa_family == AF_INET6)
		with_port.in6.sin6_port = htons(dial->target.port);
	else
		with_port.in.sin_port = htons(dial->target.port);
	race_add(dial->race, (struct sockaddr *)&with_port, len);
}

static void
on_found(void *ctx, const struct addrinfo *const found[2], bool is_last, const char *why)
{
	struct dial *dial = ctx;

	if (is_last)
		dial->lookup = NULL;
	for (int i = 0; i < 2; i++)
		for (const struct addrinfo *ai = found[i]; ai != NULL; ai = ai->ai_next)
			enter(dial, ai->ai_addr, ai->ai_addrlen);
	if (race_count(dial->race) > 0)
		race_go(dial->race, is_last);
	else
		fail(dial, why);
}

struct dial *
dial_start(struct event_base *base, struct resolver *resolver, const struct dial_target *target,
    dial_fn *done, void *ctx)
{
	struct dial *dial = calloc(1, sizeof *dial);
	struct timeval limit = timeval_ms(target->timeout_ms);

	if (dial == NULL)
		return NULL;
	dial->base = base;
	dial->resolver = resolver;
	dial->target = *target;
	dial->done = done;
	dial->ctx = ctx;
	dial->limit = evtimer_new(base, on_limit, dial);
	dial->race = race_new(base, target->bind4, target->bind6, on_raced, dial);
	if (dial->limit != NULL && evtimer_add(dial->limit, &limit) == 0 && dial->race != NULL)
		dial->lookup = lookup_start(resolver, target->host, on_found, dial);
	if (dial->lookup == NULL)
		dial_cancel(&dial);
	return dial;
}
