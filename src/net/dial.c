/* SPDX-License-Identifier: ISC */
/*
 * dial.c - look a host up and race its addresses; the race begins when the first of them are known,
 * and those that come later still take part (RFC 8305 3). Where the DNS has none, or is silent, the
 * last ones that worked are raced: whoever answers there must have the certificate of the host.
 */
#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/names.h"
#include "net/race.h"
#include "net/resolver.h"
#include "net/tunnel.h"

struct dial {
	struct event_base *base;
	struct resolver *resolver;
	struct dial_target target;
	struct lookup *lookup; /* until its last answer */
	const char *why;       /* it found nothing so far */
	struct race *race;
	struct tunnel *tunnel; /* once the proxy is reached */
	struct sockaddr_storage peer;
	struct event *limit, *patience;
	bool is_recalled; /* addresses from memory take part */
	dial_fn *done;
	void *ctx;
};

/* After so long without an answer the addresses of the last time are tried. */
static const struct timeval patience = { .tv_sec = 1 };
static const char silence[] = "the name servers do not answer";

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
	tunnel_free(&old->tunnel);
	if (old->limit != NULL)
		event_free(old->limit);
	if (old->patience != NULL)
		event_free(old->patience);
	free(old);
}

static bool
has_proxy(const struct dial *dial)
{
	return dial->target.proxy_host != NULL;
}

/* Whom this host looks up and connects to. */
static const char *
next_host(const struct dial *dial)
{
	return has_proxy(dial) ? dial->target.proxy_host : dial->target.host;
}

/* Tell the owner the end of it. */
static void
end(struct dial *dial, struct str *why, const char *reason)
{
	dial->done(dial->ctx, -1, NULL, str_is_bad(why) ? reason : why->data);
	str_free(why);
	dial_cancel(&dial);
}

/* What the proxy said, or did not. */
static void
fail_at_proxy(struct dial *dial, const char *reason)
{
	struct str why = STR_EMPTY;

	str_printf(&why, "cannot connect to %s port %u: SOCKS5 proxy %s:%u: %s", dial->target.host,
	    dial->target.port, dial->target.proxy_host, dial->target.proxy_port, reason);
	end(dial, &why, reason);
}

/* Every address that was tried and what became of it; without any, the reason. */
static void
fail(struct dial *dial, const char *reason)
{
	struct str why = STR_EMPTY;

	str_printf(&why, "cannot connect to %s port %u: ", dial->target.host, dial->target.port);
	if (has_proxy(dial))
		str_printf(
		    &why, "SOCKS5 proxy %s:%u: ", dial->target.proxy_host, dial->target.proxy_port);
	if (race_count(dial->race) == 0)
		str_puts(&why, reason);
	else if (dial->is_recalled)
		str_printf(&why, "%s; its last addresses: ", dial->why);
	race_explain(dial->race, reason, &why);
	end(dial, &why, reason);
}

/* Remember what just worked; an address needs no memory. */
static void
learn(struct dial *dial)
{
	struct sockaddr_storage address[NAMES_ADDRESSES_MAX];
	unsigned char numeric[sizeof(struct in6_addr)];
	const char *host = next_host(dial);
	size_t count = 0;

	if (dial->is_recalled || inet_pton(AF_INET, host, numeric) == 1 ||
	    inet_pton(AF_INET6, host, numeric) == 1)
		return;
	while (count < NAMES_ADDRESSES_MAX && race_address(dial->race, (int)count, &address[count]))
		count++;
	names_learn(resolver_names(dial->resolver), host, address, count, clock_real_ms());
}

static void
on_tunnel(void *ctx, int fd, const char *why)
{
	struct dial *dial = ctx;

	if (why != NULL) {
		fail_at_proxy(dial, why);
		return;
	}
	dial->done(dial->ctx, fd, (struct sockaddr *)&dial->peer, "");
	dial_cancel(&dial);
}

/* The race is over, and so is the lookup: nothing late may begin. */
static void
ask_proxy(struct dial *dial, int fd, const struct sockaddr *peer)
{
	memcpy(&dial->peer, peer,
	    peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	lookup_cancel(&dial->lookup);
	evtimer_del(dial->patience);
	dial->tunnel = tunnel_new(dial->base, fd, &dial->target, on_tunnel, dial);
	if (dial->tunnel == NULL) {
		close(fd);
		fail_at_proxy(dial, "out of memory");
	}
}

static void
on_raced(void *ctx, int fd, const struct sockaddr *peer)
{
	struct dial *dial = ctx;

	if (fd < 0) {
		fail(dial, "failed");
		return;
	}
	learn(dial);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (has_proxy(dial)) {
		ask_proxy(dial, fd, peer);
		return;
	}
	dial->done(dial->ctx, fd, peer, "");
	dial_cancel(&dial);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;

	(void)fd;
	(void)what;
	if (dial->tunnel != NULL)
		fail_at_proxy(dial, "it does not answer");
	else
		fail(dial, race_count(dial->race) == 0 ? silence : strerror(ETIMEDOUT));
}

static uint16_t
next_port(const struct dial *dial)
{
	return has_proxy(dial) ? dial->target.proxy_port : dial->target.port;
}

/* Enter an address with the port. */
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
		with_port.in6.sin6_port = htons(next_port(dial));
	else
		with_port.in.sin_port = htons(next_port(dial));
	race_add(dial->race, (struct sockaddr *)&with_port, len);
}

/* Let the addresses of the last time take part. */
static void
recall(struct dial *dial, const char *why)
{
	struct sockaddr_storage address[NAMES_ADDRESSES_MAX];
	size_t count = names_recall(
	    resolver_names(dial->resolver), next_host(dial), why, clock_real_ms(), address);

	for (size_t i = 0; i < count; i++)
		enter(dial, (struct sockaddr *)&address[i],
		    address[i].ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						     : sizeof(struct sockaddr_in));
	dial->is_recalled = count > 0;
	dial->why = why;
}

static void
on_found(void *ctx, const struct addrinfo *const found[2], bool is_last, const char *why)
{
	struct dial *dial = ctx;

	if (is_last)
		dial->lookup = NULL;
	evtimer_del(dial->patience);
	for (int i = 0; i < 2; i++)
		for (const struct addrinfo *ai = found[i]; ai != NULL; ai = ai->ai_next)
			enter(dial, ai->ai_addr, ai->ai_addrlen);
	if (race_count(dial->race) == 0)
		recall(dial, why);
	if (race_count(dial->race) == 0)
		fail(dial, why);
	else
		race_go(dial->race, is_last);
}

/* The lookup goes on, and what it still finds takes part as well. */
static void
on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;

	(void)fd;
	(void)what;
	recall(dial, silence);
	if (dial->is_recalled)
		race_go(dial->race, false);
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
	dial->patience = evtimer_new(base, on_patience, dial);
	dial->race = race_new(base, target->bind4, target->bind6, on_raced, dial);
	if (dial->limit != NULL && evtimer_add(dial->limit, &limit) == 0 &&
	    dial->patience != NULL && evtimer_add(dial->patience, &patience) == 0 &&
	    dial->race != NULL)
		dial->lookup = lookup_start(resolver, next_host(dial), on_found, dial);
	if (dial->lookup == NULL)
		dial_cancel(&dial);
	return dial;
}
