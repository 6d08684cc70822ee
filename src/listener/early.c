/* SPDX-License-Identifier: ISC */
/* early.c - see early.h.  Routes as outbound/route.c, but for the recipients, which are to come. */
#include "listener/early.h"

#include <stddef.h>

#include "base/sizes.h"
#include "config/config.h"
#include "config/list.h"

struct question {
	const struct config *config;
	const char *listener, *sender;
	size_t route; /* to look at next */
};

static bool
may_take(const struct config_route *route, const struct question *question)
{
	return config_list_names(&route->listen, question->listener) &&
	       (question->sender == NULL || config_list_means(&route->from, question->sender));
}

/* Whatever comes behind it, all recipients have their way. */
static bool
takes_all(const struct config_route *route, const struct question *question)
{
	return route->to.count == 0 && (question->sender != NULL || route->from.count == 0);
}

/* The next route that a recipient's mail may take; NULL: no other. */
static const struct config_route *
next_route(struct question *question)
{
	const struct config *config = question->config;

	while (question->route < config->nroute) {
		const struct config_route *route = &config->route[question->route++];

		if (!may_take(route, question))
			continue;
		if (takes_all(route, question))
			question->route = config->nroute;
		return route;
	}
	return NULL;
}

struct early_limit
early_find_limit(const struct config *config, const struct sizes *sizes, const char *listener,
    const char *sender, int64_t mono_ms)
{
	static const struct early_limit none = { UINT64_MAX, NULL };
	struct question question = { config, listener, sender, 0 };
	struct early_limit limit = { 0, NULL };
	const struct config_route *route;

	while (sizes != NULL && (route = next_route(&question)) != NULL)
		for (size_t i = 0; i < route->upstreams.count; i++) {
			const struct config_upstream *upstream =
			    &config->upstream[route->upstream[i]];
			uint64_t size = sizes_look(sizes, upstream->name, upstream->host, mono_ms);

			if (size == 0)
				return none;
			if (size > limit.size)
				limit = (struct early_limit){ size, upstream };
		}
	return limit.upstream != NULL ? limit : none;
}

const struct config_upstream *
early_find_refusal(const struct config *config, const char *listener, const char *sender)
{
	struct question question = { config, listener, sender, 0 };
	const struct config_upstream *refuses = NULL;
	const struct config_route *route;

	while ((route = next_route(&question)) != NULL)
		for (size_t i = 0; i < route->upstreams.count; i++) {
			const struct config_upstream *upstream =
			    &config->upstream[route->upstream[i]];

			if (config_list_means(&upstream->senders, sender))
				return NULL;
			if (refuses == NULL)
				refuses = upstream;
		}
	return refuses;
}
