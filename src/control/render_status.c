/* SPDX-License-Identifier: ISC */
/* render_status.c - the answer to posternctl status, for people; see render.h. */
#include <string.h>

#include "base/str.h"
#include "control/render.h"
#include "control/render_internal.h"

/* "1 message", "2 messages". */
static void
put_count(FILE *out, const json_t *json, const char *key, const char *noun)
{
	json_int_t n = render_number(json, key);

	fprintf(out, "%lld %s%s", (long long)n, noun, str_plural((uint64_t)n));
}

/* "7 a second", "30 a minute": in the unit that shows it as a number above 1. */
static void
put_rate(FILE *out, double per_s)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = { { "a second", 1 }, { "a minute", 60 }, { "an hour", 3600 },
		{ "a day", 86400 } };
	size_t i = 0;

	while (i + 1 < sizeof units / sizeof *units && per_s * units[i].seconds < 0.999)
		i++;
	fprintf(out, "%.3g %s", per_s * units[i].seconds, units[i].name);
}

/* "in about 40 s", "14 min", "3 h", "2 days". */
static void
put_estimate(FILE *out, json_int_t seconds)
{
	static const struct {
		const char *name;
		json_int_t seconds, from;
	} units[] = { { "days", 86400, 2 * 86400 }, { "h", 3600, 2 * 3600 }, { "min", 60, 90 },
		{ "s", 1, 0 } };
	size_t i = 0;

	while (seconds < units[i].from)
		i++;
	fprintf(out, "in about %lld %s",
	    (long long)((seconds + units[i].seconds / 2) / units[i].seconds), units[i].name);
}

static void
render_pace(FILE *out, const json_t *upstream)
{
	double rate = json_real_value(json_object_get(upstream, "rate_per_s"));
	double pace = json_real_value(json_object_get(upstream, "pace_per_s"));

	if (pace > 0) {
		fputs("    pace: ", out);
		put_rate(out, pace);
		if (rate > 0 && rate != pace) {
			fputs(", configured ", out);
			put_rate(out, rate);
		}
		fputc('\n', out);
	}
	if (*render_get(upstream, "throttled_because") == '\0')
		return;
	fprintf(out, "    throttled since %s, %lld of %lld connections, because: ",
	    render_get(upstream, "throttled_since"),
	    (long long)render_number(upstream, "connections_allowed"),
	    (long long)render_number(upstream, "connections_max"));
	render_put(out, render_get(upstream, "throttled_because"));
	fputc('\n', out);
}

static void
render_waiting(FILE *out, const json_t *upstream)
{
	json_int_t waiting = render_number(upstream, "waiting");

	if (waiting == 0)
		return;
	fprintf(out, "    %lld %s for it", (long long)waiting,
	    waiting == 1 ? "message waits" : "messages wait");
	if (json_is_integer(json_object_get(upstream, "drained_in_s"))) {
		fputs("; drained ", out);
		put_estimate(out, render_number(upstream, "drained_in_s"));
	}
	fputc('\n', out);
}

static void
render_hold(FILE *out, const json_t *upstream)
{
	if (strcmp(render_get(upstream, "state"), "held") != 0)
		return;
	fputs("    held because: ", out);
	render_put(out, render_get(upstream, "reason"));
	fprintf(out, "\n    held since %s, next probe %s\n", render_get(upstream, "held_since"),
	    render_get(upstream, "next_probe"));
}

static void
render_upstreams(FILE *out, const json_t *upstreams)
{
	size_t i;
	const json_t *upstream;

	json_array_foreach(upstreams, i, upstream)
	{
		fprintf(out, "upstream %s (%s:%lld): %s, ", render_get(upstream, "name"),
		    render_get(upstream, "host"), (long long)render_number(upstream, "port"),
		    render_get(upstream, "state"));
		put_count(out, upstream, "connections", "connection");
		fprintf(out, ", %lld busy\n", (long long)render_number(upstream, "busy"));
		render_hold(out, upstream);
		render_pace(out, upstream);
		render_waiting(out, upstream);
	}
}

/* With one upstream there is nothing to tell. */
static void
render_routes(FILE *out, const json_t *routes)
{
	size_t i, n;
	const json_t *route, *upstream;

	json_array_foreach(routes, i, route)
	{
		const json_t *upstreams = json_object_get(route, "upstreams");

		if (json_array_size(routes) == 1 && json_array_size(upstreams) == 1)
			return;
		fprintf(out, "route %s: ", render_get(route, "name"));
		json_array_foreach(upstreams, n, upstream)
		{
			fputs(n > 0 ? ", " : "", out);
			render_put(out, json_string_value(upstream));
		}
		fprintf(out, "; now %s, %lld ready\n",
		    *render_get(route, "upstream") != '\0' ? render_get(route, "upstream")
							   : "none, as all are held",
		    (long long)render_number(route, "ready"));
	}
}

static void
render_queue(FILE *out, const json_t *queue)
{
	fputs("queue: ", out);
	put_count(out, queue, "messages", "message");
	fprintf(out, ": %lld ready, %lld waiting, %lld sending, %lld held; oldest ",
	    (long long)render_number(queue, "ready"), (long long)render_number(queue, "waiting"),
	    (long long)render_number(queue, "sending"), (long long)render_number(queue, "held"));
	if (render_number(queue, "messages") > 0)
		render_age(out, render_number(queue, "oldest_s"));
	else
		fputc('-', out);
	fputc('\n', out);
}

void
render_unread(FILE *out, const json_t *status)
{
	const json_t *unread;
	size_t i;

	json_array_foreach(json_object_get(status, "unread"), i, unread)
	{
		fprintf(out, "segment %016llx is neither listed nor sent, up to ",
		    (unsigned long long)render_number(unread, "segment"));
		put_count(out, unread, "messages", "message");
		fputs(": its outcomes cannot be read: ", out);
		render_put(out, render_get(unread, "why"));
		fputc('\n', out);
	}
}

static void
render_damage(FILE *out, const json_t *counters)
{
	if (render_number(counters, "spool_damaged") == 0)
		return;
	fprintf(out,
	    "DAMAGE: %lld parts of the spool could not be read since the start: see spool_damage "
	    "in the log\n",
	    (long long)render_number(counters, "spool_damaged"));
}

void
render_status(FILE *out, const json_t *status)
{
	const json_t *counters = json_object_get(status, "counters");

	fprintf(out, "postern %s on %s, started %s, config generation %lld\n",
	    render_get(status, "version"), render_get(status, "hostname"),
	    render_get(status, "started"), (long long)render_number(status, "generation"));
	if (!json_is_true(json_object_get(status, "recovered")))
		fputs("the spool is still being read after the start: the numbers grow\n", out);
	render_queue(out, json_object_get(status, "queue"));
	render_unread(out, status);
	render_damage(out, counters);
	if (render_number(counters, "spool_full") != 0)
		fputs("NEW MAIL IS REFUSED: the spool's disk is full (limits.min_free)\n", out);
	render_upstreams(out, json_object_get(status, "upstreams"));
	render_routes(out, json_object_get(status, "routes"));
	fprintf(out, "clients: %lld now; accepted ", (long long)render_number(counters, "clients"));
	put_count(out, counters, "accepted_messages", "message");
	fprintf(out, "; recipients: %lld delivered, %lld deferred, %lld failed\n",
	    (long long)render_number(counters, "delivered"),
	    (long long)render_number(counters, "deferred"),
	    (long long)render_number(counters, "failed"));
}
