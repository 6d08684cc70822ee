/* SPDX-License-Identifier: ISC */
/*
 * race.c - attempts to connect, one for each address, that overlap; see race.h.
 * All of it happens in events of the loop, so that no caller is called back from within a call.
 */
#include "net/race.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sockaddr.h"
#include "base/str.h"

enum { ATTEMPTS_MAX = 2 * RACE_FAMILY_MAX };

static const struct timeval stagger = { .tv_usec = 250 * 1000 };

struct attempt {
	struct race *race;
	struct sockaddr_storage address;
	socklen_t len;
	bool begun;
	int fd;              /* -1: not begun, or failed */
	int error;           /* errno, once it has failed */
	const char *source;  /* set if it was the source address that failed */
	struct event *event; /* while it is under way */
};

struct race {
	struct event_base *base;
	const char *bind4, *bind6;
	race_fn *done;
	void *ctx;
	struct event *next; /* when the next attempt begins */
	struct attempt attempt[ATTEMPTS_MAX];
	int count, failed;
	int last_family; /* of the last attempt that began */
	bool runs, is_complete;
};

static void
end_attempt(struct attempt *attempt)
{
	if (attempt->event != NULL)
		event_free(attempt->event);
	attempt->event = NULL;
	if (attempt->fd >= 0)
		close(attempt->fd);
	attempt->fd = -1;
}

void
race_free(struct race **race)
{
	struct race *old = *race;

	if (old == NULL)
		return;
	*race = NULL;
	for (int i = 0; i < old->count; i++)
		end_attempt(&old->attempt[i]);
	if (old->next != NULL)
		event_free(old->next);
	free(old);
}

static void
note_failure(struct attempt *attempt, int error)
{
	attempt->error = error;
	attempt->race->failed++;
	end_attempt(attempt);
}

/* The next one: of the other family than the last if there is one; IPv6 first (RFC 8305 4). */
static struct attempt *
pick(struct race *race)
{
	struct attempt *other = NULL;

	for (int i = 0; i < race->count; i++) {
		struct attempt *attempt = &race->attempt[i];
		bool wanted =
		    (attempt->address.ss_family == AF_INET6) == (race->last_family != AF_INET6);

		if (attempt->begun)
			continue;
		if (wanted)
			return attempt;
		if (other == NULL)
			other = attempt;
	}
	return other;
}

static void begin_next(struct race *race);

/* One has won: the others are given up, and no further one begins. */
static void
stop(struct race *race)
{
	event_del(race->next);
	race->runs = false;
	for (int i = 0; i < race->count; i++)
		end_attempt(&race->attempt[i]);
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *attempt = arg;
	struct race *race = attempt->race;
	int error = 0;
	socklen_t len = sizeof error;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		note_failure(attempt, error);
		begin_next(race);
		return;
	}
	attempt->fd = -1; /* the callee's */
	stop(race);
	race->done(race->ctx, (int)fd, (struct sockaddr *)&attempt->address);
}

/* Give the socket the source address of its family: 0, or -1 and errno. */
static int
bind_source(struct attempt *attempt)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool is_inet6 = attempt->address.ss_family == AF_INET6;
	const char *source = is_inet6 ? attempt->race->bind6 : attempt->race->bind4;

	if (source == NULL)
		return 0;
	/* The port is chosen at connect(2): one port then serves many destinations. */
	setsockopt(attempt->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 }, sizeof(int));
	inet_pton(is_inet6 ? AF_INET6 : AF_INET, source,
	    is_inet6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr);
	attempt->source = source;
	if (bind(attempt->fd, is_inet6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
		is_inet6 ? sizeof in6 : sizeof in) != 0)
		return -1;
	attempt->source = NULL;
	return 0;
}

/* 0 when it is under way or has connected; -1 and errno. */
static int
begin_attempt(struct attempt *attempt)
{
	attempt->begun = true;
	attempt->race->last_family = attempt->address.ss_family;
	attempt->fd = socket(
	    attempt->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (attempt->fd < 0 || bind_source(attempt) != 0)
		return -1;
	if (connect(attempt->fd, (struct sockaddr *)&attempt->address, attempt->len) != 0 &&
	    errno != EINPROGRESS)
		return -1;
	attempt->event =
	    event_new(attempt->race->base, attempt->fd, EV_WRITE, on_connected, attempt);
	if (attempt->event == NULL || event_add(attempt->event, NULL) != 0) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

/* What fails at once, without a route for its family say, costs no time. */
static void
begin_next(struct race *race)
{
	struct attempt *attempt;

	while ((attempt = pick(race)) != NULL) {
		if (begin_attempt(attempt) == 0) {
			event_add(race->next, &stagger);
			return;
		}
		note_failure(attempt, errno);
	}
	/* One that is added now begins at once, unless another has just begun. */
	if (race->failed < race->count)
		return;
	event_del(race->next);
	if (race->is_complete)
		race->done(race->ctx, -1, NULL);
}

static void
on_next(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	begin_next(arg);
}

struct race *
race_new(struct event_base *base, const char *bind4, const char *bind6, race_fn *done, void *ctx)
{
	struct race *race = calloc(1, sizeof *race);

	if (race == NULL)
		return NULL;
	race->base = base;
	race->bind4 = bind4;
	race->bind6 = bind6;
	race->done = done;
	race->ctx = ctx;
	race->last_family = AF_UNSPEC;
	race->next = event_new(base, -1, 0, on_next, race);
	if (race->next == NULL)
		race_free(&race);
	return race;
}

/* Whether there is room for another one of this family, and it does not take part yet. */
static bool
is_welcome(const struct race *race, const struct sockaddr *address, socklen_t len)
{
	int family = 0;

	for (int i = 0; i < race->count; i++) {
		const struct attempt *attempt = &race->attempt[i];

		if (attempt->len == len && memcmp(&attempt->address, address, len) == 0)
			return false;
		family += attempt->address.ss_family == address->sa_family;
	}
	return family < RACE_FAMILY_MAX;
}

static void
wake(struct race *race)
{
	if (race->runs && !event_pending(race->next, EV_TIMEOUT, NULL))
		event_active(race->next, EV_TIMEOUT, 0);
}

void
race_add(struct race *race, const struct sockaddr *address, socklen_t len)
{
	if (len > sizeof race->attempt[0].address || !is_welcome(race, address, len))
		return;
	struct attempt *attempt = &race->attempt[race->count++];
	*attempt = (struct attempt){ .race = race, .len = len, .fd = -1 };
	memcpy(&attempt->address, address, len);
	wake(race);
}

int
race_count(const struct race *race)
{
	return race->count;
}

bool
race_address(const struct race *race, int nth, struct sockaddr_storage *out)
{
	if (nth >= race->count)
		return false;
	*out = race->attempt[nth].address;
	return true;
}

void
race_go(struct race *race, bool is_complete)
{
	race->runs = true;
	race->is_complete = is_complete;
	wake(race);
}

void
race_explain(const struct race *race, const char *hanging, struct str *out)
{
	char text[SOCKADDR_TEXT_SIZE];

	for (int i = 0; i < race->count; i++) {
		const struct attempt *a = &race->attempt[i];

		sockaddr_format((const struct sockaddr *)&a->address, a->len, text);
		str_printf(out, "%s%s: ", i == 0 ? "" : ", ", text);
		if (a->source != NULL)
			str_printf(out, "from %s: ", a->source);
		str_puts(out, a->error != 0 ? strerror(a->error)
			      : a->begun    ? hanging
					    : "not tried");
	}
}
