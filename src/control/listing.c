/* SPDX-License-Identifier: ISC */
/*
 * listing.c - see listing.h.  Messages come and go while it runs: it lists those of its beginning
 * that are still there when their turn comes.
 */
#include "control/listing.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <jansson.h>
#include <stdlib.h>

#include "control/present.h"
#include "outbound/outbound.h"
#include "queue/queue.h"

enum { CHUNK_MESSAGES = 200 };

struct listing {
	struct outbound *outbound;
	struct evhttp_request *request;
	struct queue_cursor at;
	const char *separator; /* before the next message */
};

static void
finish(struct listing *listing)
{
	queue_cursor_close(&listing->at);
	free(listing);
}

static void
on_closed(struct evhttp_connection *connection, void *ctx)
{
	struct listing *listing = ctx;

	(void)connection;
	if (evhttp_request_get_connection(listing->request) == NULL)
		evhttp_request_free(listing->request); /* evhttp left it to us */
	finish(listing);
}

static int
add_json(const char *text, size_t len, void *buffer)
{
	return evbuffer_add(buffer, text, len);
}

static void
add_message(struct listing *listing, const struct queue_item *item, struct evbuffer *chunk)
{
	json_t *json = present_message(listing->outbound, item);

	if (json == NULL)
		return;
	evbuffer_add_printf(chunk, "%s", listing->separator);
	json_dump_callback(json, add_json, chunk, JSON_COMPACT);
	json_decref(json);
	listing->separator = ",\n";
}

static void
send_chunk(struct evhttp_connection *connection, void *ctx)
{
	struct listing *listing = ctx;
	struct evbuffer *chunk = evbuffer_new();
	const struct queue_item *item = NULL;

	if (chunk == NULL) {
		evhttp_connection_set_closecb(connection, NULL, NULL);
		evhttp_send_reply_end(listing->request);
		finish(listing);
		return;
	}
	for (unsigned n = 0; n < CHUNK_MESSAGES; n++) {
		if ((item = queue_cursor_next(&listing->at)) == NULL)
			break;
		add_message(listing, item, chunk);
	}
	if (item != NULL) {
		evbuffer_add(chunk, "\n", 1); /* an empty chunk would end the answer */
		evhttp_send_reply_chunk_with_cb(listing->request, chunk, send_chunk, listing);
	} else {
		evbuffer_add_printf(chunk, "%s]\n", *listing->separator == '[' ? "[" : "");
		evhttp_send_reply_chunk(listing->request, chunk);
		evhttp_connection_set_closecb(connection, NULL, NULL);
		evhttp_send_reply_end(listing->request);
		finish(listing);
	}
	evbuffer_free(chunk);
}

void
listing_start(struct outbound *outbound, struct evhttp_request *request)
{
	struct listing *listing = calloc(1, sizeof *listing);
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	if (listing == NULL) {
		evhttp_send_error(request, HTTP_INTERNAL, "out of memory");
		return;
	}
	listing->outbound = outbound;
	listing->request = request;
	listing->separator = "[";
	queue_cursor_open(&listing->at, outbound_queue(outbound));
	evhttp_add_header(
	    evhttp_request_get_output_headers(request), "Content-Type", "application/json");
	evhttp_connection_set_closecb(connection, on_closed, listing);
	evhttp_send_reply_start(request, HTTP_OK, "OK");
	send_chunk(connection, listing);
}
