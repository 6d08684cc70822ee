/* SPDX-License-Identifier: ISC */
/* status.c - see status.h. */
#include "config.h"

#include "control/status.h"

#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "config/config.h"
#include "control/control.h"
#include "control/present.h"
#include "outbound/outbound.h"
#include "outbound/segments.h"
#include "queue/queue.h"

static void
set_time(json_t *json, const char *key, int64_t real_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_seconds(real_ms, text);
	json_object_set_new(json, key, real_ms > 0 ? json_string(text) : json_null());
}

/* For how long the oldest message has waited that its sender does not want to wait. */
static int64_t
oldest_s(struct queue *queue)
{
	const struct queue_item *item;
	struct queue_cursor cursor;

	queue_cursor_open(&cursor, queue);
	while ((item = queue_cursor_next(&cursor)) != NULL && queue_awaits_release(item))
		continue;
	queue_cursor_close(&cursor);
	return item != NULL ? (int64_t)queue_age_ms(item, clock_real_ms()) / 1000 : 0;
}

static json_t *
present_queue(struct queue *queue)
{
	json_t *json = json_object();

	json_object_set_new(json, "messages", json_integer((json_int_t)queue_count(queue)));
	json_object_set_new(
	    json, "ready", json_integer((json_int_t)queue_count_state(queue, QUEUE_READY)));
	json_object_set_new(
	    json, "waiting", json_integer((json_int_t)queue_count_state(queue, QUEUE_WAITING)));
	json_object_set_new(
	    json, "sending", json_integer((json_int_t)queue_count_state(queue, QUEUE_ACTIVE)));
	json_object_set_new(
	    json, "held", json_integer((json_int_t)queue_count_state(queue, QUEUE_HELD)));
	json_object_set_new(json, "oldest_s", json_integer(oldest_s(queue)));
	return json;
}

static void
set_number(json_t *json, const char *key, double number)
{
	json_object_set_new(json, key, number > 0 ? json_real(number) : json_null());
}

/* How fast it is sent mail, and what waits for it. */
static void
set_pace(json_t *json, const struct outbound_upstream_status *status)
{
	bool throttled = status->throttle_reason != NULL;

	json_object_set_new(json, "connections_max", json_integer(status->connections_max));
	json_object_set_new(json, "connections_allowed", json_integer(status->connections_allowed));
	set_number(json, "rate_per_s", status->rate_per_s);
	set_number(json, "pace_per_s", status->pace_per_s);
	set_time(json, "throttled_since", status->throttled_since_ms);
	json_object_set_new(json, "throttled_because",
	    throttled ? present_text(status->throttle_reason) : json_null());
	json_object_set_new(json, "waiting", json_integer((json_int_t)status->waiting));
	json_object_set_new(json, "drained_in_s",
	    status->drained_in_s >= 0 ? json_integer(status->drained_in_s) : json_null());
}

static json_t *
present_upstream(const struct outbound_upstream_status *status)
{
	json_t *json = json_object();
	bool held = status->state == UPSTREAM_HELD;

	json_object_set_new(json, "name", present_text(status->name));
	json_object_set_new(json, "host", json_string(status->host));
	json_object_set_new(json, "port", json_integer(status->port));
	json_object_set_new(json, "state", json_string(held ? "held" : "up"));
	json_object_set_new(json, "connections", json_integer(status->connections));
	json_object_set_new(json, "busy", json_integer(status->busy));
	json_object_set_new(json, "reason", held ? present_text(status->hold_reason) : json_null());
	set_time(json, "held_since", status->held_since_ms);
	set_time(json, "next_probe", status->next_probe_ms);
	set_pace(json, status);
	return json;
}

static json_t *
present_route(const struct control_context *context, size_t i)
{
	const struct config_route *route = &context->config->route[i];
	int upstream = outbound_route_upstream(context->outbound, i);
	json_t *json = json_object(), *upstreams = json_array();

	for (size_t n = 0; n < route->upstreams.count; n++)
		json_array_append_new(upstreams, present_text(route->upstreams.text[n]));
	json_object_set_new(json, "name", present_text(route->name));
	json_object_set_new(json, "upstreams", upstreams);
	json_object_set_new(json, "upstream",
	    present_text(upstream >= 0 ? context->config->upstream[upstream].name : NULL));
	json_object_set_new(json, "priority",
	    route->priority.is_set ? json_integer(route->priority.value) : json_null());
	json_object_set_new(
	    json, "ready", json_integer((json_int_t)outbound_route_ready(context->outbound, i)));
	return json;
}

/* What cannot be listed, since nobody knows what of it is still to be sent. */
static json_t *
present_unread(const struct outbound *outbound)
{
	struct segments_unread unread = { 0 };
	json_t *array = json_array();

	while (outbound_next_unread(outbound, unread.number, &unread)) {
		json_t *json = json_object();

		json_object_set_new(json, "segment", json_integer((json_int_t)unread.number));
		json_object_set_new(json, "messages", json_integer(unread.messages));
		json_object_set_new(json, "why", json_string(strerror(unread.error)));
		json_array_append_new(array, json);
	}
	return array;
}

static json_t *
present_counters(const struct counters *counters)
{
	json_t *json = json_object();

#define X(field, help) \
	json_object_set_new(json, #field, json_integer((json_int_t)counter_get(&counters->field)));
	COUNTERS(X)
	GAUGES(X)
#undef X
	return json;
}

json_t *
status_present(const struct control_context *context)
{
	struct outbound_upstream_status upstream;
	json_t *json = json_object(), *upstreams = json_array(), *routes = json_array();

	for (size_t i = 0; i < context->config->nroute; i++)
		json_array_append_new(routes, present_route(context, i));
	for (unsigned i = 0; outbound_upstream_status(context->outbound, i, &upstream); i++)
		json_array_append_new(upstreams, present_upstream(&upstream));
	json_object_set_new(json, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(json, "hostname", json_string(context->config->hostname));
	json_object_set_new(json, "generation", json_integer((json_int_t)context->generation));
	set_time(json, "started", context->started_ms);
	json_object_set_new(
	    json, "recovered", json_boolean(outbound_is_recovered(context->outbound)));
	json_object_set_new(json, "queue", present_queue(outbound_queue(context->outbound)));
	json_object_set_new(json, "unread", present_unread(context->outbound));
	json_object_set_new(json, "routes", routes);
	json_object_set_new(json, "upstreams", upstreams);
	json_object_set_new(json, "counters", present_counters(context->counters));
	return json;
}
