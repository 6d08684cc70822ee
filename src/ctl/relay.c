/* SPDX-License-Identifier: ISC */
/*
 * relay.c - see relay.h.  It is a stranger that must be refused: of this host's own addresses only
 * those count that the config does not let relay anyway.
 */
#include "ctl/relay.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/sockaddr.h"
#include "base/str.h"
#include "config/config.h"
#include "ctl/relay_attempt.h"
#include "listener/policy.h"

struct totals {
	unsigned tried, accepted;
	unsigned allowed; /* sources that may relay */
	bool is_reached;  /* one of the listeners, by other hosts */
};

static socklen_t
length_of(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static bool
is_wildcard(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;

	return address->ss_family == AF_INET ? in->sin_addr.s_addr == htonl(INADDR_ANY)
					     : IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

static void
set_port(struct sockaddr_storage *address, in_port_t port)
{
	if (address->ss_family == AF_INET)
		((struct sockaddr_in *)address)->sin_port = port;
	else
		((struct sockaddr_in6 *)address)->sin6_port = port;
}

static in_port_t
port_of(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port
					     : ((const struct sockaddr_in6 *)address)->sin6_port;
}

/* Make all attempts on one way; each is a line.  Whether the server offers STARTTLS. */
static bool
try_all(const struct relay_path *path, struct totals *totals)
{
	static const char *const names[] = { "refused", "ACCEPTED", "no answer" };
	struct relay_answer answer = { .result = RELAY_REFUSED };

	/* Where one has no answer the others would wait as long. */
	for (size_t i = 0; i < relay_attempts && answer.result != RELAY_NO_ANSWER; i++) {
		relay_attempt(path, i, &answer);
		printf("  %-9s  %-29s  %s\n", names[answer.result], relay_attempt_name(i),
		    str_is_bad(&answer.words) ? "" : answer.words.data);
		str_free(&answer.words);
		totals->tried += answer.result != RELAY_NO_ANSWER;
		totals->accepted += answer.result == RELAY_ACCEPTED;
	}
	return answer.offers_starttls;
}

/* On each way there is: what a server refuses in the clear it may let pass behind STARTTLS. */
static void
try_ways(struct relay_path *path, struct totals *totals)
{
	if (!try_all(path, totals) || path->tls != RELAY_CLEAR)
		return;
	printf("  the same after STARTTLS\n");
	path->tls = RELAY_STARTTLS;
	(void)try_all(path, totals);
}

/* What is tried: a listener of the config, or, without, any server. */
struct target {
	const struct config *config;
	const struct config_listen *listen; /* NULL: not ours */
	struct sockaddr_storage address;
	bool is_tls;
};

/* Whether the policy lets this address relay, so that it is no stranger. */
static bool
is_allowed(const struct target *target, const struct sockaddr *from)
{
	return target->listen != NULL && !target->listen->auth_required &&
	       policy_find(target->config, target->listen, from, NULL).may_relay;
}

static void
try_from(const struct target *target, const struct sockaddr_storage *from, struct totals *totals)
{
	struct relay_path path = { .to = target->address,
		.len = length_of(target->address.ss_family),
		.tls = target->is_tls ? RELAY_IMPLICIT : RELAY_CLEAR };
	char here[SOCKADDR_TEXT_SIZE] = "any address", there[SOCKADDR_TEXT_SIZE];

	if (from != NULL) {
		path.from = *from;
		set_port(&path.from, 0);
		sockaddr_format_host((const struct sockaddr *)from, here);
	}
	if (from != NULL && is_wildcard(&path.to)) {
		path.to = path.from;
		set_port(&path.to, port_of(&target->address));
	}
	sockaddr_format((const struct sockaddr *)&path.to, path.len, there);
	printf("%s%s%s%s from %s\n", there, target->listen != NULL ? " (listen \"" : "",
	    target->listen != NULL ? target->listen->name : "", target->listen != NULL ? "\")" : "",
	    here);
	if (from != NULL && is_allowed(target, (const struct sockaddr *)from)) {
		printf("  may relay by the config, so it proves nothing: not tried\n");
		totals->allowed++;
	} else {
		try_ways(&path, totals);
	}
}

/* An address of this host that others may have as their peer's; link-local ones need a scope. */
static bool
is_source(const struct ifaddrs *entry, int family)
{
	const struct sockaddr *address = entry->ifa_addr;

	if (address == NULL || address->sa_family != family || (entry->ifa_flags & IFF_UP) == 0 ||
	    sockaddr_is_loopback(address))
		return false;
	return family != AF_INET6 ||
	       !IN6_IS_ADDR_LINKLOCAL(
		   &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static void
try_target(const struct target *target, const struct ifaddrs *addresses, struct totals *totals)
{
	unsigned sources = 0;
	int family = target->address.ss_family;

	for (const struct ifaddrs *entry = addresses; entry != NULL; entry = entry->ifa_next) {
		struct sockaddr_storage from = { 0 };

		if (!is_source(entry, family))
			continue;
		memcpy(&from, entry->ifa_addr, length_of(family));
		try_from(target, &from, totals);
		sources++;
	}
	if (sources == 0 && target->listen == NULL)
		try_from(target, NULL, totals);
}

/* 0, or the error of getaddrinfo(). */
static int
look_up(const char *host, const char *port, int flags, struct addrinfo **found)
{
	const struct addrinfo hints = { .ai_flags = flags | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };

	return getaddrinfo(host, port, &hints, found);
}

static void
try_listener(const struct config *config, const struct config_listen *listen,
    const struct ifaddrs *addresses, struct totals *totals)
{
	struct target target = {
		.config = config, .listen = listen, .is_tls = listen->tls == TLS_IMPLICIT
	};
	struct addrinfo *found;
	char port[8];

	if (config_listen_is_unix(listen) || listen->port == 0) {
		printf("listen \"%s\": %s, not tried\n", listen->name,
		    config_listen_is_unix(listen) ? "a unix socket, which only this host reaches"
						  : "its port is known only to the log");
		return;
	}
	(void)snprintf(port, sizeof port, "%u", listen->port);
	if (look_up(listen->address, port, AI_NUMERICHOST, &found) != 0)
		return;
	memcpy(&target.address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	totals->is_reached |= !sockaddr_is_loopback((struct sockaddr *)&target.address);
	try_target(&target, addresses, totals);
}

static int
try_config(const char *file, const struct ifaddrs *addresses, struct totals *totals)
{
	struct str errors = STR_EMPTY;
	struct config *config = config_load(file != NULL ? file : CONFIG_DEFAULT_FILE, &errors);

	if (config == NULL)
		fprintf(stderr, "%s", str_is_bad(&errors) ? "out of memory\n" : errors.data);
	for (size_t i = 0; config != NULL && i < config->nlisten; i++)
		try_listener(config, &config->listen[i], addresses, totals);
	str_free(&errors);

	int code = config != NULL ? EX_OK : EX_CONFIG;

	config_free(&config);
	return code;
}

/* "192.0.2.1:25", "[2001:db8::1]:25", "mail.example.com"; without a port it is 25. */
static int
try_server(const char *text, const struct ifaddrs *addresses, struct totals *totals)
{
	const char *colon = strrchr(text, ':');
	bool has_brackets = text[0] == '[';
	bool has_port =
	    colon != NULL && (has_brackets ? colon[-1] == ']' : colon == strchr(text, ':'));
	const char *port = has_port ? colon + 1 : "25";
	size_t len = has_port ? (size_t)(colon - text) : strlen(text);
	struct addrinfo *found;
	char host[256] = "";

	if (has_brackets && len >= 2 && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len < sizeof host)
		memcpy(host, text, len);

	int error = look_up(host, port, 0, &found);

	if (host[0] == '\0' || error != 0) {
		fprintf(stderr, "posternctl: %s: %s\n", text, gai_strerror(error));
		return EX_NOHOST;
	}
	totals->is_reached = true;
	for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
		struct target target = { .is_tls = strcmp(port, "465") == 0 };

		memcpy(&target.address, at->ai_addr, at->ai_addrlen);
		try_target(&target, addresses, totals);
	}
	freeaddrinfo(found);
	return EX_OK;
}

static int
conclude(const struct totals *totals)
{
	if (totals->accepted > 0) {
		printf("OPEN: %u of %u attempts were accepted\n", totals->accepted, totals->tried);
		return RELAY_OPEN;
	}
	if (totals->tried > 0 || !totals->is_reached) {
		printf("closed: none of %u attempts was accepted%s\n", totals->tried,
		    totals->is_reached ? "" : ", and no other host reaches a listener");
		return RELAY_CLOSED;
	}
	printf("not proven: %s\n", totals->allowed > 0
				       ? "all addresses of this host may relay; run it on "
					 "another host, with the address of this one"
				       : "nothing answered");
	return EX_UNAVAILABLE;
}

int
relay_command(const char *file, int argc, char **argv)
{
	struct totals totals = { 0 };
	struct ifaddrs *addresses = NULL;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return EX_USAGE;
	signal(SIGPIPE, SIG_IGN); /* a server that hangs up */
	if (getifaddrs(&addresses) != 0) {
		perror("posternctl: the addresses of this host");
		return EX_OSERR;
	}

	int code = argc == 2 ? try_server(argv[1], addresses, &totals)
			     : try_config(file, addresses, &totals);

	freeifaddrs(addresses);
	return code == EX_OK ? conclude(&totals) : code;
}
