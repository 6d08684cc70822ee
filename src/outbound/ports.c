/* SPDX-License-Identifier: ISC */
/* ports.c - see ports.h. */
#include "outbound/ports.h"

#include <stdio.h>

void
ports_init(struct ports *ports, const struct config_upstream *config, uint64_t first_ms,
    uint64_t longest_ms)
{
	*ports = (struct ports){
		.config = config,
		.first_ms = (int64_t)first_ms,
		.longest_ms = (int64_t)longest_ms,
	};
}

/* The first port waits ever longer, unless it had worked for a long time. */
static void
leave_first(struct ports *ports, int64_t mono_ms)
{
	int64_t passed = mono_ms - ports->failed_ms;

	if (ports->wait_ms == 0 || passed > 2 * ports->longest_ms)
		ports->wait_ms = ports->first_ms;
	else if (passed >= ports->wait_ms)
		ports->wait_ms *= 2;
	if (ports->wait_ms > ports->longest_ms)
		ports->wait_ms = ports->longest_ms;
	ports->failed_ms = mono_ms;
	ports->return_ms = mono_ms + ports->wait_ms;
}

bool
ports_fail(struct ports *ports, size_t at, const char *why, int64_t mono_ms)
{
	(void)snprintf(ports->said[at], sizeof ports->said[at], "%s", why);
	if (at == 0)
		leave_first(ports, mono_ms);
	if (at != ports->current)
		return true;
	ports->tried |= 1u << at;
	for (size_t i = 0; i < ports->config->nports; i++)
		if ((ports->tried & 1u << i) == 0) {
			ports->current = i;
			return true;
		}
	ports->tried = 0;
	ports->current = ports->worked;
	return false;
}

void
ports_describe(const struct ports *ports, char *out, size_t size)
{
	size_t len = 0;

	if (ports->config->nports == 1) {
		(void)snprintf(out, size, "%s", ports->said[0]);
		return;
	}
	for (size_t i = 0; i < ports->config->nports && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%sport %u: %s", i > 0 ? "; " : "",
		    ports->config->ports[i].number, ports->said[i]);
}

void
ports_work(struct ports *ports, size_t at)
{
	ports->current = at;
	ports->worked = at;
	ports->tried = 0;
}

bool
ports_should_return(const struct ports *ports, int64_t mono_ms)
{
	return ports->current != 0 && ports->worked == ports->current &&
	       mono_ms >= ports->return_ms;
}
