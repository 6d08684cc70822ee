/* SPDX-License-Identifier: ISC */
/*
 * resolver.c - names through evdns, which reads /etc/resolv.conf and /etc/hosts.
 * evdns reads them once: here they are looked at before each lookup, and read again when they have
 * changed, so that a laptop or a container that got its network late needs no restart.
 */
#include "net/resolver.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "net/dial.h"

/* A file that was read, and its state then: all zero if it was missing. */
struct source {
	const char *path;
	struct stat seen;
};

struct resolver {
	struct evdns_base *dns;
	struct source resolv_conf, hosts;
};

struct lookup {
	struct evdns_getaddrinfo_request *request;
	lookup_fn *done; /* NULL: cancelled */
	void *ctx;
	bool has_started; /* lookup_start() has returned */
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
	/* How long the second of A and AAAA may come after the first. */
	evdns_base_set_option(resolver->dns, "getaddrinfo-allow-skew:", "0.5");
	evdns_base_resolv_conf_parse(
	    resolver->dns, DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE, resolver->resolv_conf.path);
	evdns_base_load_hosts(resolver->dns, resolver->hosts.path);
}

struct resolver *
resolver_new(struct event_base *base)
{
	return resolver_new_from(base, "/etc/resolv.conf", "/etc/hosts");
}

struct resolver *
resolver_new_from(struct event_base *base, const char *resolv_conf, const char *hosts)
{
	struct resolver *resolver = calloc(1, sizeof *resolver);

	if (resolver == NULL)
		return NULL;
	resolver->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (resolver->dns == NULL) {
		free(resolver);
		return NULL;
	}
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
	if (*resolver != NULL)
		evdns_base_free((*resolver)->dns, 1);
	free(*resolver);
	*resolver = NULL;
}

static void
refresh(struct resolver *resolver)
{
	bool changed = look(&resolver->resolv_conf);

	if (!look(&resolver->hosts) && !changed)
		return;
	evdns_base_clear_nameservers_and_suspend(resolver->dns);
	evdns_base_clear_host_addresses(resolver->dns);
	evdns_base_search_clear(resolver->dns);
	read_sources(resolver);
	evdns_base_resume(resolver->dns);
}

static void
on_answer(int error, struct addrinfo *found, void *arg)
{
	struct lookup *lookup = arg;

	if (lookup->done != NULL) {
		lookup->done(lookup->ctx, error == 0 ? found : NULL,
		    error == 0 ? "" : evutil_gai_strerror(error));
		lookup->done = NULL;
	} else if (error == 0) {
		evutil_freeaddrinfo(found);
	}
	if (lookup->has_started)
		free(lookup);
}

struct lookup *
lookup_start(struct resolver *resolver, const char *host, uint16_t port, lookup_fn *done, void *ctx)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct lookup *lookup = calloc(1, sizeof *lookup);
	char service[8];

	if (lookup == NULL) {
		done(ctx, NULL, "out of memory");
		return NULL;
	}
	hints.ai_protocol = IPPROTO_TCP;
	lookup->done = done;
	lookup->ctx = ctx;
	snprintf(service, sizeof service, "%u", port);
	refresh(resolver);
	lookup->request =
	    evdns_getaddrinfo(resolver->dns, host, service, &hints, on_answer, lookup);
	if (lookup->done == NULL) {
		free(lookup);
		return NULL;
	}
	lookup->has_started = true;
	return lookup;
}

/* evdns answers a cancelled request as well, later: the struct stays until then. */
void
lookup_cancel(struct lookup **lookup)
{
	struct lookup *l = *lookup;

	*lookup = NULL;
	if (l == NULL)
		return;
	l->done = NULL;
	evdns_getaddrinfo_cancel(l->request);
}
