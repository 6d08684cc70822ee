/* SPDX-License-Identifier: ISC */
/*
 * arrivals.c - see arrivals.h.  The header is peeked at until it is whole, and then exactly its
 * octets are read.  The event is edge-triggered: what stands there already is no news, and an end
 * behind it has to be told apart (EV_CLOSED).
 */
#include "listener/arrivals.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "base/sockaddr.h"
#include "net/proxy_header.h"

enum {
	HEADER_SEC = 5,        /* a balancer sends it at once */
	REFUSALS_LOGGED = 100, /* a second */
};

struct arrival {
	LIST_ENTRY(arrival) link;
	struct arrivals *owner;
	struct event *readable, *limit; /* the time is for the whole header */
	size_t index;
	int fd;
	struct sockaddr_storage balancer;
	socklen_t balancer_len;
};

struct arrivals {
	struct event_base *base;
	const struct arrivals_events *events;
	void *ctx;
	size_t count;
	struct log_limit refusals;
	LIST_HEAD(arrival_list, arrival) list;
};

/* Forget it; the descriptor stays open. */
static void
remove_arrival(struct arrival *arrival)
{
	LIST_REMOVE(arrival, link);
	arrival->owner->count--;
	if (arrival->readable != NULL)
		event_free(arrival->readable);
	if (arrival->limit != NULL)
		event_free(arrival->limit);
	free(arrival);
}

static void
lose(struct arrival *arrival, const char *why)
{
	struct arrivals *arrivals = arrival->owner;
	char balancer[SOCKADDR_TEXT_SIZE];
	uint64_t omitted;

	sockaddr_format((struct sockaddr *)&arrival->balancer, arrival->balancer_len, balancer);
	if (log_limit_pass(&arrivals->refusals, clock_mono_ms(), &omitted))
		log_info("proxy_refused", log_s("balancer", balancer), log_s("why", why),
		    log_d(omitted > 0 ? "omitted" : NULL, omitted));
	close(arrival->fd);
	remove_arrival(arrival);
	arrivals->events->on_lost(arrivals->ctx);
}

static void
pass_on(struct arrival *arrival, const struct proxy_header *header)
{
	const struct arrival known = *arrival;
	const struct sockaddr_storage *peer =
	    header->has_client ? &header->client : &known.balancer;
	socklen_t len = header->has_client ? header->client_len : known.balancer_len;
	char taken[PROXY_HEADER_MAX];

	if (recv(arrival->fd, taken, header->len, MSG_DONTWAIT) != (ssize_t)header->len) {
		lose(arrival, "the header cannot be read");
		return;
	}
	remove_arrival(arrival);
	known.owner->events->on_client(
	    known.owner->ctx, known.index, known.fd, (const struct sockaddr *)peer, len);
}

/* is_closed: nothing follows what is there. */
static void
look(struct arrival *arrival, bool is_closed)
{
	char data[PROXY_HEADER_MAX];
	ssize_t n = recv(arrival->fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
	struct proxy_header header;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose(arrival, n < 0 ? strerror(errno) : "closed without a header");
		return;
	}
	switch (proxy_header_parse(data, (size_t)n, &header)) {
	case PROXY_MORE:
		if (is_closed)
			lose(arrival, "closed within the header");
		break;
	case PROXY_OK:
		pass_on(arrival, &header);
		break;
	case PROXY_BAD:
		lose(arrival, "not a header of the PROXY protocol");
		break;
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	look(ctx, (what & EV_CLOSED) != 0);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	lose(ctx, "the header did not come in time");
}

struct arrivals *
arrivals_new(struct event_base *base, const struct arrivals_events *events, void *ctx)
{
	struct arrivals *arrivals = calloc(1, sizeof *arrivals);

	if (arrivals == NULL)
		return NULL;
	arrivals->base = base;
	arrivals->refusals.per_second = REFUSALS_LOGGED;
	arrivals->events = events;
	arrivals->ctx = ctx;
	return arrivals;
}

void
arrivals_free(struct arrivals **arrivals)
{
	struct arrivals *a = *arrivals;
	struct arrival *arrival;

	if (a == NULL)
		return;
	*arrivals = NULL;
	while ((arrival = LIST_FIRST(&a->list)) != NULL) {
		close(arrival->fd);
		remove_arrival(arrival);
	}
	free(a);
}

int
arrivals_wait(
    struct arrivals *arrivals, size_t index, int fd, const struct sockaddr *balancer, socklen_t len)
{
	static const struct timeval limit = { .tv_sec = HEADER_SEC };
	struct arrival *arrival = calloc(1, sizeof *arrival);

	if (arrival == NULL)
		return -1;
	arrival->owner = arrivals;
	arrival->index = index;
	arrival->fd = fd;
	memcpy(&arrival->balancer, balancer, len);
	arrival->balancer_len = len;
	LIST_INSERT_HEAD(&arrivals->list, arrival, link);
	arrivals->count++;
	arrival->readable = event_new(
	    arrivals->base, fd, EV_READ | EV_CLOSED | EV_ET | EV_PERSIST, on_readable, arrival);
	arrival->limit = evtimer_new(arrivals->base, on_limit, arrival);
	if (arrival->readable == NULL || arrival->limit == NULL ||
	    event_add(arrival->readable, NULL) < 0 || event_add(arrival->limit, &limit) < 0) {
		remove_arrival(arrival);
		return -1;
	}
	return 0;
}

size_t
arrivals_count(const struct arrivals *arrivals)
{
	return arrivals->count;
}
