/* SPDX-License-Identifier: ISC */
/*
 * control.c - the routes of the control socket; see control.h.  A route is a row of routes[] and a
 * function. Who may speak here is decided by the permissions of the socket.
 */
#include "control/control.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "control/listing.h"
#include "control/present.h"
#include "control/status.h"
#include "outbound/outbound.h"
#include "queue/queue.h"

enum {
	TIMEOUT_S = 60,
	HEADERS_MAX = 8 * 1024,
	BODY_MAX = 8 * 1024,
	RELOADS_MAX = 16, /* requests that wait for the same answer */
};

#define GOING "this process is just being replaced or stopped: ask again"

struct control {
	struct control_context of;
	struct evhttp *http;
	struct evhttp_bound_socket *socket; /* NULL once we leave */
	struct evhttp_request *reload[RELOADS_MAX];
	size_t nreload;
};

static void
answer(struct evhttp_request *request, int code, json_t *json)
{
	struct evbuffer *body = evbuffer_new();
	char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;

	json_decref(json);
	if (body == NULL || text == NULL) {
		evhttp_send_error(request, HTTP_INTERNAL, "out of memory");
	} else {
		evhttp_add_header(
		    evhttp_request_get_output_headers(request), "Content-Type", "application/json");
		evbuffer_add_printf(body, "%s\n", text);
		evhttp_send_reply(request, code, NULL, body);
	}
	free(text);
	if (body != NULL)
		evbuffer_free(body);
}

static void
answer_error(struct evhttp_request *request, int code, const char *error)
{
	answer(request, code, json_pack("{s:o}", "error", present_text(error)));
}

static void
get_status(struct control *control, struct evhttp_request *request, const char *id)
{
	(void)id;
	answer(request, HTTP_OK, status_present(&control->of));
}

static void
get_queue(struct control *control, struct evhttp_request *request, const char *id)
{
	(void)id;
	listing_start(control->of.outbound, request);
}

static void
get_message(struct control *control, struct evhttp_request *request, const char *id)
{
	const struct queue_item *item = NULL;
	uint64_t number;

	if (id_parse(id, &number) == 0)
		item = queue_find(outbound_queue(control->of.outbound), number);
	if (item == NULL)
		answer_error(request, HTTP_NOTFOUND, "no such message in the queue");
	else
		answer(request, HTTP_OK, present_message_whole(control->of.outbound, item));
}

static void
command(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command what)
{
	static const struct {
		int code;
		const char *text;
	} answers[] = {
		[OUTBOUND_DONE] = { HTTP_OK, NULL },
		[OUTBOUND_NO_SUCH_MESSAGE] = { HTTP_NOTFOUND, "no such message in the queue" },
		[OUTBOUND_IS_HELD] = { 409, "the message is held: release it" },
		[OUTBOUND_BUSY] = { 409, "the message is being sent right now: ask again" },
		[OUTBOUND_FAILED] = { HTTP_INTERNAL,
		    "the spool could not be written; see the log" },
	};
	uint64_t number;
	enum outbound_answer got = id_parse(id, &number) == 0
				       ? outbound_command(control->of.outbound, what, number)
				       : OUTBOUND_NO_SUCH_MESSAGE;

	if (got == OUTBOUND_DONE)
		answer(request, HTTP_OK, json_pack("{s:s}", "id", id));
	else
		answer_error(request, answers[got].code, answers[got].text);
}

static void
post_retry(struct control *control, struct evhttp_request *request, const char *id)
{
	command(control, request, id, OUTBOUND_RETRY);
}

static void
post_hold(struct control *control, struct evhttp_request *request, const char *id)
{
	command(control, request, id, OUTBOUND_HOLD);
}

static void
post_release(struct control *control, struct evhttp_request *request, const char *id)
{
	command(control, request, id, OUTBOUND_RELEASE);
}

static void
post_delete(struct control *control, struct evhttp_request *request, const char *id)
{
	command(control, request, id, OUTBOUND_DELETE);
}

static void
post_retry_all(struct control *control, struct evhttp_request *request, const char *id)
{
	(void)id;
	answer(request, HTTP_OK,
	    json_pack("{s:I}", "messages", (json_int_t)outbound_retry_all(control->of.outbound)));
}

static void
forget_reload(struct evhttp_connection *connection, void *ctx)
{
	struct control *control = ctx;

	for (size_t i = 0; i < control->nreload; i++) {
		struct evhttp_request *request = control->reload[i];
		const struct evhttp_connection *of = evhttp_request_get_connection(request);

		if (of != NULL && of != connection)
			continue;
		control->reload[i--] = control->reload[--control->nreload];
		if (of == NULL) /* evhttp left it to us when its client went away */
			evhttp_request_free(request);
	}
}

static void
post_reload(struct control *control, struct evhttp_request *request, const char *id)
{
	(void)id;
	if (control->nreload == RELOADS_MAX) {
		answer_error(request, HTTP_SERVUNAVAIL, "too many reloads are waiting already");
		return;
	}
	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(request), forget_reload, control);
	control->reload[control->nreload++] = request;
	control->of.request_reload(control->of.ctx);
}

void
control_reload_answered(struct control *control, const char *error)
{
	size_t n = control->nreload;

	control->nreload = 0;
	for (size_t i = 0; i < n; i++) {
		struct evhttp_request *request = control->reload[i];

		evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
		if (error == NULL)
			answer(request, HTTP_OK, json_pack("{s:b}", "reloaded", 1));
		else
			answer_error(request, HTTP_BADREQUEST, error);
	}
}

struct route {
	enum evhttp_cmd_type method;
	const char *path; /* '*' stands for an id */
	void (*run)(struct control *, struct evhttp_request *, const char *id);
};

static const struct route routes[] = {
	{ EVHTTP_REQ_GET, "/status", get_status },
	{ EVHTTP_REQ_GET, "/queue", get_queue },
	{ EVHTTP_REQ_GET, "/queue/*", get_message },
	{ EVHTTP_REQ_POST, "/queue/*/retry", post_retry },
	{ EVHTTP_REQ_POST, "/queue/*/hold", post_hold },
	{ EVHTTP_REQ_POST, "/queue/*/release", post_release },
	{ EVHTTP_REQ_POST, "/queue/*/delete", post_delete },
	{ EVHTTP_REQ_POST, "/retry", post_retry_all },
	{ EVHTTP_REQ_POST, "/reload", post_reload },
};

/* Whether the path fits the pattern; the part at '*' goes to id. */
static bool
fits(const char *pattern, const char *path, char id[ID_TEXT_SIZE])
{
	const char *star = strchr(pattern, '*');

	if (star == NULL)
		return strcmp(pattern, path) == 0;

	size_t before = (size_t)(star - pattern);

	if (strncmp(pattern, path, before) != 0)
		return false;

	size_t len = strcspn(path + before, "/");

	if (len >= ID_TEXT_SIZE || strcmp(path + before + len, star + 1) != 0)
		return false;
	memcpy(id, path + before, len);
	id[len] = '\0';
	return true;
}

static void
on_request(struct evhttp_request *request, void *ctx)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
	enum evhttp_cmd_type method = evhttp_request_get_command(request);
	char id[ID_TEXT_SIZE] = "";
	const struct control *control = ctx;
	bool known = false;

	if (control->socket == NULL) {
		answer_error(request, HTTP_SERVUNAVAIL, GOING);
		return;
	}
	for (size_t i = 0; i < sizeof routes / sizeof *routes && path != NULL; i++) {
		if (!fits(routes[i].path, path, id))
			continue;
		known = true;
		if (routes[i].method == method) {
			routes[i].run(ctx, request, id);
			return;
		}
	}
	if (known)
		answer_error(request, HTTP_BADMETHOD, "this takes another method (GET, POST)");
	else
		answer_error(request, HTTP_NOTFOUND,
		    "no such resource; see posternctl(8): /status /queue /queue/ID /retry /reload");
}

struct control *
control_new(const struct control_context *context, int fd)
{
	struct control *control = calloc(1, sizeof *control);
	int own;

	if (control == NULL)
		return NULL;
	control->of = *context;
	if ((control->http = evhttp_new(context->base)) == NULL)
		goto fail;
	evhttp_set_timeout(control->http, TIMEOUT_S);
	evhttp_set_max_headers_size(control->http, HEADERS_MAX);
	evhttp_set_max_body_size(control->http, BODY_MAX);
	evhttp_set_allowed_methods(control->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_gencb(control->http, on_request, control);
	if ((own = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		goto fail;
	/* evhttp closes it in the end. */
	if ((control->socket = evhttp_accept_socket_with_handle(control->http, own)) != NULL)
		return control;
	close(own);
fail:
	control_free(&control);
	return NULL;
}

void
control_leave(struct control *control)
{
	if (control->socket != NULL)
		evhttp_del_accept_socket(control->http, control->socket);
	control->socket = NULL;
	control_reload_answered(control, GOING);
}

void
control_free(struct control **control)
{
	if (*control == NULL)
		return;
	if ((*control)->http != NULL)
		evhttp_free((*control)->http);
	free(*control);
	*control = NULL;
}
