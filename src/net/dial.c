/* SPDX-License-Identifier: ISC */
/*
 * dial.c - look up, then race the addresses (RFC 8305): IPv6 and IPv4 take turns, a new attempt
 * starts when the last one has failed or has hung for 250 ms, and the first that connects wins.
 */
#include "net/dial.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sockaddr.h"
#include "base/str.h"
#include "net/resolver.h"

enum {
	ADDRESSES_MAX = 16,
	STAGGER_MS = 250,
};

struct attempt {
	struct dial *dial;
	struct sockaddr_storage address;
	socklen_t len;
	int fd;              /* -1: not begun, or failed */
	int error;           /* errno, once it has failed */
	struct event *event; /* while it is under way */
};

struct dial {
	struct event_base *base;
	struct resolver *resolver;
	struct lookup *lookup;
	struct event *begin, *stagger, *limit;
	dial_fn *done;
	void *ctx;
	char *host;
	uint16_t port;
	struct attempt attempt[ADDRESSES_MAX];
	int count; /* attempts known */
	int begun;
	int failed;
};

static void begin_next(struct dial *dial);

static struct timeval
timeval_ms(uint64_t ms)
{
	return (
	    struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (long)(ms % 1000) * 1000 };
}

static void
free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

/* Stop everything and free it. */
static void
dial_free(struct dial *dial)
{
	lookup_cancel(&dial->lookup);
	for (int i = 0; i < dial->begun; i++) {
		free_event(&dial->attempt[i].event);
		if (dial->attempt[i].fd >= 0)
			close(dial->attempt[i].fd);
	}
	free_event(&dial->begin);
	free_event(&dial->stagger);
	free_event(&dial->limit);
	free(dial->host);
	free(dial);
}

void
dial_cancel(struct dial **dial)
{
	if (*dial != NULL)
		dial_free(*dial);
	*dial = NULL;
}

/* Every address that was tried and what became of it. */
static void
fail(struct dial *dial, const char *reason)
{
	struct str why = STR_EMPTY;
	char text[SOCKADDR_TEXT_SIZE];

	str_printf(&why, "cannot connect to %s port %u: ", dial->host, dial->port);
	if (dial->count == 0)
		str_puts(&why, reason);
	for (int i = 0; i < dial->count; i++) {
		struct attempt *a = &dial->attempt[i];

		sockaddr_format((struct sockaddr *)&a->address, a->len, text);
		str_printf(&why, "%s%s: %s", i == 0 ? "" : ", ", text,
		    a->error != 0     ? strerror(a->error)
		    : i < dial->begun ? reason
				      : "not tried");
	}
	dial->done(dial->ctx, -1, NULL, str_is_bad(&why) ? reason : why.data);
	str_free(&why);
	dial_free(dial);
}

static void
succeed(struct dial *dial, struct attempt *attempt)
{
	int fd = attempt->fd;

	attempt->fd = -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	dial->done(dial->ctx, fd, (struct sockaddr *)&attempt->address, "");
	dial_free(dial);
}

/* Note the failure and go on at once; may free the dial. */
static void
attempt_failed(struct attempt *attempt, int error)
{
	struct dial *dial = attempt->dial;

	attempt->error = error;
	free_event(&attempt->event);
	if (attempt->fd >= 0)
		close(attempt->fd);
	attempt->fd = -1;
	if (++dial->failed == dial->count)
		fail(dial, "failed");
	else
		begin_next(dial);
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *attempt = arg;
	int error = 0;
	socklen_t len = sizeof error;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0)
		succeed(attempt->dial, attempt);
	else
		attempt_failed(attempt, error);
}

/* 0 when it is under way or has connected; -1 and errno. */
static int
begin_attempt(struct attempt *a)
{
	int family = a->address.ss_family;

	a->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (a->fd < 0)
		return -1;
	if (connect(a->fd, (struct sockaddr *)&a->address, a->len) != 0 && errno != EINPROGRESS)
		return -1;
	a->event = event_new(a->dial->base, a->fd, EV_WRITE, on_connected, a);
	if (a->event == NULL || event_add(a->event, NULL) != 0) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

static void
begin_next(struct dial *dial)
{
	struct timeval stagger = timeval_ms(STAGGER_MS);

	if (dial->begun == dial->count)
		return;
	struct attempt *attempt = &dial->attempt[dial->begun++];
	evtimer_add(dial->stagger, &stagger);
	if (begin_attempt(attempt) != 0)
		attempt_failed(attempt, errno);
}

static void
on_stagger(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	begin_next(arg);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;

	(void)fd;
	(void)what;
	fail(dial, dial->lookup != NULL ? "the name servers do not answer" : strerror(ETIMEDOUT));
}

static const struct addrinfo *
next_of_family(const struct addrinfo *ai, bool inet6)
{
	while (ai != NULL && (ai->ai_family == AF_INET6) != inet6)
		ai = ai->ai_next;
	return ai;
}

/* IPv6 first, then in turns: RFC 8305 4. */
static void
order_addresses(struct dial *dial, const struct addrinfo *found)
{
	const struct addrinfo *next[2] = { next_of_family(found, true),
		next_of_family(found, false) };

	for (int turn = 0; dial->count < ADDRESSES_MAX; turn ^= 1) {
		const struct addrinfo **ai = next[turn] != NULL ? &next[turn] : &next[turn ^ 1];
		struct attempt *attempt = &dial->attempt[dial->count];

		if (*ai == NULL)
			break;
		attempt->dial = dial;
		attempt->fd = -1;
		attempt->len = (socklen_t)(*ai)->ai_addrlen;
		memcpy(&attempt->address, (*ai)->ai_addr, (*ai)->ai_addrlen);
		dial->count++;
		*ai = next_of_family((*ai)->ai_next, (*ai)->ai_family == AF_INET6);
	}
}

static void
on_found(void *ctx, struct addrinfo *found, const char *why)
{
	struct dial *dial = ctx;

	dial->lookup = NULL;
	if (found != NULL) {
		order_addresses(dial, found);
		evutil_freeaddrinfo(found);
	}
	if (dial->count == 0)
		fail(dial, why);
	else
		begin_next(dial);
}

/* The first step is one of the loop's, so that done is never called from within dial_start(). */
static void
on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;

	(void)fd;
	(void)what;
	struct lookup *lookup =
	    lookup_start(dial->resolver, dial->host, dial->port, on_found, dial);
	if (lookup != NULL)
		dial->lookup = lookup;
}

struct dial *
dial_start(struct event_base *base, struct resolver *resolver, const char *host, uint16_t port,
    uint64_t timeout_ms, dial_fn *done, void *ctx)
{
	struct dial *dial = calloc(1, sizeof *dial);
	struct timeval limit = timeval_ms(timeout_ms);

	if (dial == NULL)
		return NULL;
	dial->base = base;
	dial->resolver = resolver;
	dial->port = port;
	dial->done = done;
	dial->ctx = ctx;
	dial->host = strdup(host);
	dial->begin = evtimer_new(base, on_begin, dial);
	dial->stagger = evtimer_new(base, on_stagger, dial);
	dial->limit = evtimer_new(base, on_limit, dial);
	if (dial->host == NULL || dial->begin == NULL || dial->stagger == NULL ||
	    dial->limit == NULL || evtimer_add(dial->limit, &limit) != 0) {
		dial_cancel(&dial);
		return NULL;
	}
	event_active(dial->begin, EV_TIMEOUT, 0);
	return dial;
}
