/* SPDX-License-Identifier: ISC */
/*
 * listener.c - who is let in, and how all are seen off; see listener.h.
 * A guest is one client with its session; the list of them is the listener's alone.
 */
#include "listener/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/sockaddr.h"
#include "config/config.h"
#include "listener/accept.h"
#include "listener/arrivals.h"
#include "listener/clients.h"
#include "listener/gate.h"
#include "listener/policy.h"
#include "listener/rates.h"
#include "listener/refusal.h"
#include "listener/session.h"
#include "listener/space.h"
#include "spool/spool.h"
#include "spool/writer.h"

enum {
	LISTENER_RELOAD_GRACE_SEC = 60, /* sessions of an old generation go on so long */
	LISTENER_STOP_GRACE_SEC = 8,    /* transactions may be finished so long */
	LISTENER_REFUSALS_LOGGED = 10,  /* a second */
	LISTENER_YIELD_PART = 30,       /* of limits.idle: a client that is silent so long */
	LISTENER_YIELD_MIN_MS = 1000,   /* yields its place to a new one, but not before that */
	LISTENER_LOOK_MS = 100,         /* between looks for one that were in vain */
};

struct guest {
	LIST_ENTRY(guest) link;
	struct listener *listener;
	struct client *client;
	struct session *session;
};

struct listener {
	struct session_env env;
	const struct gates *gates;
	struct acceptor *acceptor; /* NULL while draining */
	struct clients *clients;
	struct arrivals *arrivals;
	struct space *space;
	struct rates *rates; /* NULL: no client section has a rate */
	LIST_HEAD(guest_list, guest) guests;
	uint64_t nguests;
	int64_t looked_ms; /* for a guest that yields, in vain */
	bool is_draining;
	enum listener_drain how;
	struct event *grace; /* of the drain: it has lasted long enough */
	struct event *done;  /* no guest is left */
	void (*on_done)(void *ctx);
	void *ctx;
};

/* Of two generations the one that accepts tells how many there are. */
static void
show_guests(struct listener *l)
{
	if (!l->is_draining)
		gauge_set(&l->env.counters->clients, l->nguests);
}

/* While draining: whether nobody is left. */
static void
tell_if_done(void *ctx)
{
	struct listener *l = ctx;

	if (l->is_draining && l->nguests + arrivals_count(l->arrivals) == 0)
		event_active(l->done, EV_TIMEOUT, 0);
}

static void
on_session_end(void *ctx)
{
	struct guest *guest = ctx;
	struct listener *l = guest->listener;

	LIST_REMOVE(guest, link);
	clients_leave(&guest->client);
	free(guest);
	l->nguests--;
	show_guests(l);
	tell_if_done(l);
}

static const struct config_listen *
listen_of(const struct listener *l, const struct arriving *who)
{
	return &l->env.config->listen[who->index];
}

/* Count one more of this address; NULL and errno, as clients_enter(). */
static struct client *
enter(struct listener *l, const struct arriving *who)
{
	const struct config *config = l->env.config;
	const struct policy policy = policy_find(config, listen_of(l, who), who->peer, NULL);

	return clients_enter(l->clients, who->peer, policy_connections(&policy, config));
}

/* The one that has been silent longest, and for long enough; or NULL. */
static struct guest *
find_idle(const struct listener *l, int64_t now)
{
	int64_t most = (int64_t)l->env.config->limits.idle_ms / LISTENER_YIELD_PART;
	struct guest *guest, *found = NULL;

	if (most < LISTENER_YIELD_MIN_MS)
		most = LISTENER_YIELD_MIN_MS;
	LIST_FOREACH(guest, &l->guests, link)
	{
		int64_t idle = session_idle_ms(guest->session, now);

		if (idle >= most) {
			found = guest;
			most = idle + 1;
		}
	}
	return found;
}

/* Idle clients starve nobody: with all places taken one of them goes. */
static bool
is_full(struct listener *l)
{
	int64_t now = clock_mono_ms();
	struct guest *guest;

	if (l->nguests + arrivals_count(l->arrivals) < l->env.config->limits.connections)
		return false;
	if (now - l->looked_ms < LISTENER_LOOK_MS)
		return true;
	guest = find_idle(l, now);
	if (guest == NULL)
		l->looked_ms = now;
	else
		session_yield(guest->session);
	return guest == NULL;
}

/* NULL: let in; else why not. */
static const char *
admit(struct listener *l, const struct arriving *who)
{
	if (is_full(l))
		return "too many connections";

	struct guest *guest = calloc(1, sizeof *guest);

	if (guest == NULL)
		return "out of memory";
	guest->listener = l;
	guest->client = enter(l, who);
	if (guest->client == NULL) {
		const char *why =
		    errno == EAGAIN ? "too many connections from your address" : "out of memory";
		free(guest);
		return why;
	}
	guest->session = session_start(&l->env, who->fd, listen_of(l, who),
	    &l->gates->gate[who->index], who->peer, who->len, on_session_end, guest);
	if (guest->session == NULL) {
		clients_leave(&guest->client);
		free(guest);
		return "out of memory";
	}
	LIST_INSERT_HEAD(&l->guests, guest, link);
	l->nguests++;
	show_guests(l);
	return NULL;
}

static void
let_in(void *ctx, size_t index, int fd, const struct sockaddr *peer, socklen_t len)
{
	const struct arriving who = { index, fd, peer, len };
	struct listener *l = ctx;
	const char *why = admit(l, &who);

	if (why != NULL)
		refusal_give(&l->env, &who, why);
	tell_if_done(l);
}

static void
on_client(void *ctx, size_t index, int fd, const struct sockaddr *peer, socklen_t len)
{
	const struct arriving who = { index, fd, peer, len };
	struct listener *l = ctx;

	if (!cidr_list_contains(&listen_of(l, &who)->proxy_from, peer))
		let_in(l, index, fd, peer, len);
	else if (is_full(l))
		refusal_give(&l->env, &who, "too many connections");
	else if (arrivals_wait(l->arrivals, index, fd, peer, len) < 0)
		refusal_give(&l->env, &who, "out of memory");
}

static void
drain_guests(struct listener *l, enum session_drain how)
{
	struct guest *next;

	for (struct guest *guest = LIST_FIRST(&l->guests); guest != NULL; guest = next) {
		next = LIST_NEXT(guest, link);
		session_drain(guest->session, how);
	}
}

static void
on_grace_over(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *l = ctx;

	(void)fd;
	(void)what;
	drain_guests(l, l->how == LISTENER_STOP ? SESSION_DRAIN_NOW : SESSION_DRAIN_GENTLY);
}

static void
on_none_left(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *l = ctx;
	void (*on_done)(void *) = l->on_done;

	(void)fd;
	(void)what;
	l->on_done = NULL;
	if (on_done != NULL)
		on_done(l->ctx);
}

static bool
has_users(const struct gates *gates)
{
	for (size_t i = 0; i < gates->count; i++)
		if (gates->gate[i].users != NULL)
			return true;
	return false;
}

static bool
has_rates(const struct config *config)
{
	for (size_t i = 0; i < config->nclient; i++)
		if (config->client[i].rate.count > 0)
			return true;
	return false;
}

/* What all sessions share, as far as it is made here.  -1: out of memory. */
static int
make_env(struct listener *l)
{
	const struct config *config = l->env.config;

	session_env_init(&l->env);
	id_source_init(&l->env.ids, spool_writer_tag(l->env.writer));
	l->env.space = l->space;
	l->env.clients = l->clients;
	if (has_rates(config)) {
		l->rates = rates_new();
		if (l->rates == NULL)
			return -1;
	}
	l->env.rates = l->rates;
	return has_users(l->gates) ? auth_env_init(&l->env.auth, l->env.base) : 0;
}

static const struct arrivals_events arrivals_events = { let_in, tell_if_done };

struct listener *
listener_new(struct event_base *base, const struct config *config, const struct gates *gates,
    const int *fds, struct spool *spool, struct spool_writer *writer, struct counters *counters,
    const struct sizes *sizes)
{
	struct listener *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->env.base = base;
	l->env.config = config;
	l->gates = gates;
	l->env.writer = writer;
	l->env.counters = counters;
	l->env.sizes = sizes;
	l->env.refusals.per_second = LISTENER_REFUSALS_LOGGED;
	l->space = space_new(base, spool->dir, config->limits.min_free, counters, fstatvfs);
	l->clients = clients_new();
	l->arrivals = arrivals_new(base, &arrivals_events, l);
	l->grace = evtimer_new(base, on_grace_over, l);
	l->done = evtimer_new(base, on_none_left, l);
	if (l->space == NULL || l->clients == NULL || l->arrivals == NULL || l->grace == NULL ||
	    l->done == NULL || make_env(l) < 0)
		goto fail;
	l->acceptor = acceptor_new(base, fds, config->nlisten, on_client, l);
	if (l->acceptor != NULL)
		return l;
fail:
	listener_free(&l);
	return NULL;
}

void
listener_drain(struct listener *l, enum listener_drain how, void (*on_done)(void *ctx), void *ctx)
{
	struct timeval grace = { .tv_sec = how == LISTENER_STOP ? LISTENER_STOP_GRACE_SEC
								: LISTENER_RELOAD_GRACE_SEC };

	l->is_draining = true;
	l->how = how;
	l->on_done = on_done;
	l->ctx = ctx;
	acceptor_free(&l->acceptor);
	log_info("draining", log_s("how", how == LISTENER_STOP ? "stop" : "reload"),
	    log_d("clients", l->nguests));
	evtimer_add(l->grace, &grace);
	if (how == LISTENER_STOP)
		drain_guests(l, SESSION_DRAIN_GENTLY);
	tell_if_done(l);
}

void
listener_free(struct listener **listener)
{
	struct listener *l = *listener;
	struct guest *guest;

	if (l == NULL)
		return;
	acceptor_free(&l->acceptor);
	while ((guest = LIST_FIRST(&l->guests)) != NULL) {
		LIST_REMOVE(guest, link);
		session_free(&guest->session);
		clients_leave(&guest->client);
		free(guest);
	}
	arrivals_free(&l->arrivals);
	clients_free(&l->clients);
	rates_free(&l->rates);
	space_free(&l->space);
	if (l->grace != NULL)
		event_free(l->grace);
	if (l->done != NULL)
		event_free(l->done);
	auth_env_clear(&l->env.auth);
	session_env_clear(&l->env);
	free(l);
	*listener = NULL;
}
