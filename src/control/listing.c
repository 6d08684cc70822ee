/* SPDX-License-Identifier: ISC */
/*
 * listing.c - see listing.h.  Messages come and go while it runs: it lists those of its beginning
 * that are still there when their turn comes.
 */
#include "control/listing.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>

#include "control/answer.h"
#include "control/present.h"
#include "control/selection.h"
#include "control/walk.h"
#include "outbound/outbound.h"

struct listing {
	struct outbound *outbound;
	bool has_begun;
};

static int
add_json(const char *text, size_t len, void *buffer)
{
	return evbuffer_add(buffer, text, len);
}

static bool
list_message(
    void *ctx, struct queue_item *item, const struct envelope *envelope, struct evbuffer *answer)
{
	struct listing *listing = ctx;
	json_t *json = present_message(listing->outbound, item, envelope);

	if (json == NULL)
		return true;
	evbuffer_add_printf(answer, "%s", listing->has_begun ? ",\n" : "[");
	json_dump_callback(json, add_json, answer, JSON_COMPACT);
	json_decref(json);
	listing->has_begun = true;
	return true;
}

static void
list_end(void *ctx, bool is_cut, struct evbuffer *answer)
{
	const struct listing *listing = ctx;

	(void)is_cut;
	evbuffer_add_printf(answer, "%s]\n", listing->has_begun ? "" : "[");
}

void
listing_start(
    struct outbound *outbound, struct evhttp_request *request, struct selection *selection)
{
	static const struct walk_job job = { list_message, list_end, true, false };
	struct listing *listing = calloc(1, sizeof *listing);

	if (listing == NULL) {
		selection_free(&selection);
		answer_error(request, HTTP_INTERNAL, "out of memory");
		return;
	}
	listing->outbound = outbound;
	walk_start(outbound, request, selection, &job, listing, NULL);
}
