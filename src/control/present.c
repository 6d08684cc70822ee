/* SPDX-License-Identifier: ISC */
/* present.c - see present.h.  Whatever a peer said may be no UTF-8: present_text() makes it so. */
#include "control/present.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "config/config.h"
#include "control/selection.h"
#include "outbound/outbound.h"
#include "outbound/route.h"
#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/outcome.h"
#include "spool/reader.h"

json_t *
present_text(const char *value)
{
	json_t *json;

	if (value == NULL)
		return json_null();
	if ((json = json_string(value)) != NULL)
		return json;

	char *ascii = strdup(value);

	for (char *p = ascii; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	json = ascii != NULL ? json_string(ascii) : NULL;
	free(ascii);
	return json;
}

static json_t *
time_text(int64_t real_ms)
{
	char out[CLOCK_ISO_SIZE];

	clock_format_seconds(real_ms, out);
	return json_string(out);
}

static json_t *
present_basics(struct outbound *outbound, const struct queue_item *item)
{
	char id[ID_TEXT_SIZE];
	int64_t received = id_time_ms(item->id);
	json_t *json = json_object();

	id_format(item->id, id);
	json_object_set_new(json, "id", json_string(id));
	json_object_set_new(json, "state", json_string(selection_state_name(item->state)));
	json_object_set_new(json, "size", json_integer(item->content_len));
	json_object_set_new(json, "received", time_text(received));
	json_object_set_new(json, "age_s", json_integer((clock_real_ms() - received) / 1000));
	json_object_set_new(json, "attempts", json_integer(item->attempts));
	json_object_set_new(json, "next_try",
	    item->state == QUEUE_WAITING ? time_text(item->next_try_ms) : json_null());
	json_object_set_new(
	    json, "release", item->release_s > 0 ? time_text(queue_release_ms(item)) : json_null());
	json_object_set_new(json, "reason", present_text(outbound_reason(outbound, item)));
	json_object_set_new(json, "outcome_unknown", json_boolean(item->uncertain));
	json_object_set_new(json, "is_report", json_boolean(item->is_report));
	return json;
}

/* The names of the routes of those recipients that are not done. */
static json_t *
present_routes(
    const struct outbound *outbound, const struct queue_item *item, const struct envelope *envelope)
{
	const struct config *config = outbound_config(outbound);
	const struct route_set routes = route_outstanding(config, NULL, item, envelope);
	json_t *json = json_array();

	for (size_t i = route_set_next(&routes, 0); i < config->nroute;
	     i = route_set_next(&routes, i + 1))
		json_array_append_new(json, present_text(config->route[i].name));
	return json;
}

json_t *
present_message(
    struct outbound *outbound, const struct queue_item *item, const struct envelope *envelope)
{
	json_t *json = present_basics(outbound, item), *to = json_array();

	if (envelope != NULL) {
		json_object_set_new(json, "from", present_text(envelope->from));
		for (uint32_t i = 0; i < envelope->nrcpt; i++)
			if (!queue_rcpt_is_done(item, i))
				json_array_append_new(to, present_text(envelope->rcpt[i]));
		json_object_set_new(json, "routes", present_routes(outbound, item, envelope));
	}
	json_object_set_new(json, "to", to);
	return json;
}

struct history {
	const struct queue_item *item;
	const struct envelope *envelope;
	json_t *events;
};

static void
on_outcome(void *ctx, const struct outcome *outcome)
{
	static const char *const names[] = {
		[OUTCOME_DELIVERED] = "delivered",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_DEFERRED] = "deferred",
		[OUTCOME_WARNED] = "warned",
		[OUTCOME_HELD] = "held",
		[OUTCOME_RELEASED] = "released",
		[OUTCOME_REMOVED] = "removed",
		[OUTCOME_MOVED] = "moved",
	};
	struct history *history = ctx;
	json_t *event;

	if (outcome->id != history->item->id ||
	    outcome->offset != queue_place(history->item).offset)
		return;
	event = json_object();
	json_object_set_new(event, "event", json_string(names[outcome->kind]));
	json_object_set_new(event, outcome->kind == OUTCOME_DEFERRED ? "until" : "time",
	    time_text(outcome->time_ms));
	if (outcome->rcpt < history->envelope->nrcpt)
		json_object_set_new(
		    event, "to", present_text(history->envelope->rcpt[outcome->rcpt]));
	if (outcome->reply != NULL)
		json_object_set_new(event, "reply", present_text(outcome->reply));
	json_array_append_new(history->events, event);
}

/* Where an outstanding recipient would go now: its route, and the upstream that is up there. */
static void
set_way(json_t *json, const struct outbound *outbound, const struct queue_item *item, uint32_t rcpt,
    size_t route)
{
	const struct config *config = outbound_config(outbound);
	int upstream = outbound_route_upstream(outbound, outbound_way(outbound, item, rcpt, route));

	json_object_set_new(json, "route", present_text(config->route[route].name));
	json_object_set_new(
	    json, "upstream", present_text(upstream >= 0 ? config->upstream[upstream].name : NULL));
}

static json_t *
present_recipients(
    const struct outbound *outbound, const struct queue_item *item, const struct envelope *envelope)
{
	const struct config *config = outbound_config(outbound);
	const struct route_set candidates = route_candidates(config, envelope);
	json_t *recipients = json_array();

	for (uint32_t i = 0; i < envelope->nrcpt; i++) {
		bool done = queue_rcpt_is_done(item, i);
		json_t *rcpt = json_object();

		json_object_set_new(rcpt, "address", present_text(envelope->rcpt[i]));
		json_object_set_new(rcpt, "done", json_boolean(done));
		if (!done)
			set_way(rcpt, outbound, item, i,
			    route_find(config, &candidates, envelope->rcpt[i]));
		json_array_append_new(recipients, rcpt);
	}
	return recipients;
}

json_t *
present_message_whole(struct outbound *outbound, const struct queue_item *item)
{
	const struct spool_place place = queue_place(item);
	struct history history = { .item = item, .events = json_array() };
	struct envelope *envelope = NULL;
	json_t *json;

	(void)!spool_read_envelope(outbound_spool(outbound), &place, &envelope);
	json = present_message(outbound, item, envelope);
	if (envelope != NULL) {
		json_object_set_new(json, "client", present_text(envelope->client));
		json_object_set_new(json, "helo", present_text(envelope->helo));
		json_object_set_new(json, "listener", present_text(envelope->listener));
		json_object_set_new(json, "priority",
		    json_integer(route_priority(outbound_config(outbound), envelope,
			queue_routes(outbound_queue(outbound), item))));
		json_object_set_new(
		    json, "recipients", present_recipients(outbound, item, envelope));
		history.envelope = envelope;
		spool_outcomes_load(
		    outbound_outcomes(outbound), place.segment, on_outcome, &history);
	}
	json_object_set_new(json, "history", history.events);
	envelope_free(&envelope);
	return json;
}
