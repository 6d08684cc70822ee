/* SPDX-License-Identifier: ISC */
/*
 * resolver.c - names through evdns, which reads /etc/resolv.conf and /etc/hosts.
 * evdns reads them once: here they are looked at before each lookup, and read again when they have
 * changed, so that a laptop or a container that got its network late needs no restart.
 * A and AAAA are two lookups: the answer to one never waits for a server that keeps the other.
 */
#include "net/resolver.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "net/dial.h"
#include "net/names.h"

/* A file that was read, and its state then: all zero if it was missing. */
struct source {
	const char *path;
	struct stat seen;
};

struct resolver {
	struct event_base *base;
	struct evdns_base *dns;
	struct source resolv_conf, hosts;
	struct names *names;
};

enum { INET6, INET4, FAMILIES }; /* IPv6 is asked for first */

/* What is known of one family. */
struct question {
	struct lookup *lookup;
	struct evdns_getaddrinfo_request *request; /* NULL: answered, or not asked */
	struct addrinfo *found;                    /* not yet passed on */
	int error;                                 /* EVUTIL_EAI_... */
	bool is_open;                              /* evdns will still answer it */
};

struct lookup {
	struct resolver *resolver;
	struct question question[FAMILIES];
	struct event *next; /* when what was answered is passed on */
	lookup_fn *done;    /* NULL: cancelled */
	void *ctx;
	char *host;
	bool has_addresses; /* some were passed on */
};

/* Note the state of the file: whether it differs from the last one. */
static bool
look(struct source *source)
{
	struct stat now, *seen = &source->seen;

	if (stat(source->path, &now) != 0)
		memset(&now, 0, sizeof now);
	bool changed = now.st_ino != seen->st_ino || now.st_size != seen->st_size ||
		       now.st_mtim.tv_sec != seen->st_mtim.tv_sec ||
		       now.st_mtim.tv_nsec != seen->st_mtim.tv_nsec;
	*seen = now;
	return changed;
}

/* A file that is missing or broken is no error: there are addresses, and the other file. */
static void
read_sources(struct resolver *resolver)
{
	/* Some resolvers do not keep the case that a query has; the certificate tells who is who.
	 */
	evdns_base_set_option(resolver->dns, "randomize-case:", "0");
	evdns_base_set_option(resolver->dns, "timeout:", "3");
	evdns_base_resolv_conf_parse(resolver->dns,
	    DNS_OPTIONS_ALL & ~(DNS_OPTION_HOSTSFILE | DNS_OPTION_SEARCH),
	    resolver->resolv_conf.path);
	evdns_base_load_hosts(resolver->dns, resolver->hosts.path);
}

struct resolver *
resolver_new(struct event_base *base, int dir)
{
	return resolver_new_from(base, dir, "/etc/resolv.conf", "/etc/hosts");
}

struct resolver *
resolver_new_from(struct event_base *base, int dir, const char *resolv_conf, const char *hosts)
{
	struct resolver *resolver = calloc(1, sizeof *resolver);

	if (resolver == NULL)
		return NULL;
	resolver->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	resolver->names = names_open(dir);
	if (resolver->dns == NULL || resolver->names == NULL) {
		resolver_free(&resolver);
		return NULL;
	}
	resolver->base = base;
	resolver->resolv_conf.path = resolv_conf;
	resolver->hosts.path = hosts;
	look(&resolver->resolv_conf);
	look(&resolver->hosts);
	read_sources(resolver);
	return resolver;
}

void
resolver_free(struct resolver **resolver)
{
	struct resolver *old = *resolver;

	if (old == NULL)
		return;
	*resolver = NULL;
	if (old->dns != NULL)
		evdns_base_free(old->dns, 1);
	names_free(&old->names);
	free(old);
}

struct names *
resolver_names(struct resolver *resolver)
{
	return resolver->names;
}

static void
refresh(struct resolver *resolver)
{
	bool changed = look(&resolver->resolv_conf);

	if (!look(&resolver->hosts) && !changed)
		return;
	evdns_base_clear_nameservers_and_suspend(resolver->dns);
	evdns_base_clear_host_addresses(resolver->dns);
	read_sources(resolver);
	evdns_base_resume(resolver->dns);
}

static bool
is_pending(const struct lookup *lookup)
{
	return lookup->question[INET6].is_open || lookup->question[INET4].is_open;
}

/* evdns answers what was cancelled as well, later: the struct stays until then. */
static void
free_if_answered(struct lookup *lookup)
{
	if (is_pending(lookup))
		return;
	for (int i = 0; i < FAMILIES; i++)
		if (lookup->question[i].found != NULL)
			evutil_freeaddrinfo(lookup->question[i].found);
	if (lookup->next != NULL)
		event_free(lookup->next);
	free(lookup->host);
	free(lookup);
}

/* evdns tells a silent server, one that fails and a name without addresses as the same error. */
static const char *
explain(const struct lookup *lookup)
{
	static const struct {
		int error;
		const char *words;
	} known[] = {
		{ EVUTIL_EAI_NONAME, "the name is not known" },
		{ EVUTIL_EAI_FAIL, "the name servers gave no address" },
		{ EVUTIL_EAI_MEMORY, "out of memory" },
	};
	int error = lookup->question[lookup->question[INET4].error != 0 ? INET4 : INET6].error;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].error == error)
			return known[i].words;
	return evutil_gai_strerror(error);
}

/* Pass on what is new; with the last answer the lookup ends. */
static void
on_next(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *lookup = arg;
	struct addrinfo *found[FAMILIES];
	bool is_last = !is_pending(lookup);

	(void)fd;
	(void)what;
	for (int i = 0; i < FAMILIES; i++) {
		found[i] = lookup->question[i].found;
		lookup->question[i].found = NULL;
	}
	lookup->done(lookup->ctx, (const struct addrinfo *const[]){ found[INET6], found[INET4] },
	    is_last, explain(lookup));
	for (int i = 0; i < FAMILIES; i++)
		if (found[i] != NULL)
			evutil_freeaddrinfo(found[i]);
	if (is_last)
		free_if_answered(lookup);
}

/* Whether to go on at once, after a while, or not yet: RFC 8305 3. */
static void
consider(struct lookup *lookup, const struct question *question)
{
	static const struct timeval resolution_delay = { .tv_usec = 50 * 1000 };

	if (!is_pending(lookup) ||
	    (question->found != NULL && question == &lookup->question[INET6]))
		event_active(lookup->next, EV_TIMEOUT, 0);
	else if (question->found != NULL)
		event_add(lookup->next, &resolution_delay);
}

static void
on_answer(int error, struct addrinfo *found, void *arg)
{
	struct question *question = arg;
	struct lookup *lookup = question->lookup;

	question->is_open = false;
	question->error = error;
	question->found = error == 0 ? found : NULL;
	if (lookup->done == NULL)
		free_if_answered(lookup);
	else
		consider(lookup, question);
}

static void
ask(struct lookup *lookup, int which, int family)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
	struct question *question = &lookup->question[which];

	hints.ai_protocol = IPPROTO_TCP;
	struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(
	    lookup->resolver->dns, lookup->host, NULL, &hints, on_answer, question);
	/* An address or a name in hosts was answered already. */
	if (question->is_open)
		question->request = request;
}

/*
 * Search domains complete a name without a dot, never another one: A and AAAA are asked for apart,
 * and the AAAA that a provider does not have must not be found below a domain of ours.
 */
static void
set_search(struct resolver *resolver, const char *host)
{
	evdns_base_search_clear(resolver->dns);
	if (strchr(host, '.') == NULL)
		evdns_base_resolv_conf_parse(
		    resolver->dns, DNS_OPTION_SEARCH, resolver->resolv_conf.path);
}

/* Both are open before the first one is asked, so that no answer is taken for the last. */
static void
ask_all(struct lookup *lookup)
{
	unsigned char address[sizeof(struct in6_addr)];
	bool is_inet4 = inet_pton(AF_INET, lookup->host, address) == 1;
	bool is_inet6 = inet_pton(AF_INET6, lookup->host, address) == 1;

	lookup->question[INET6].is_open = !is_inet4;
	lookup->question[INET4].is_open = !is_inet6;
	if (!is_inet4)
		ask(lookup, INET6, AF_INET6);
	if (!is_inet6)
		ask(lookup, INET4, AF_INET);
}

struct lookup *
lookup_start(struct resolver *resolver, const char *host, lookup_fn *done, void *ctx)
{
	struct lookup *lookup = calloc(1, sizeof *lookup);

	if (lookup == NULL)
		return NULL;
	for (int i = 0; i < FAMILIES; i++)
		lookup->question[i].lookup = lookup;
	lookup->resolver = resolver;
	lookup->done = done;
	lookup->ctx = ctx;
	lookup->host = strdup(host);
	lookup->next = event_new(resolver->base, -1, 0, on_next, lookup);
	if (lookup->host == NULL || lookup->next == NULL) {
		free_if_answered(lookup);
		return NULL;
	}
	refresh(resolver);
	set_search(resolver, host);
	ask_all(lookup);
	return lookup;
}

void
lookup_cancel(struct lookup **lookup)
{
	struct lookup *old = *lookup;

	*lookup = NULL;
	if (old == NULL)
		return;
	old->done = NULL;
	event_del(old->next);
	if (!is_pending(old)) {
		free_if_answered(old);
		return;
	}
	for (int i = 0; i < FAMILIES; i++)
		if (old->question[i].is_open)
			evdns_getaddrinfo_cancel(old->question[i].request);
}
