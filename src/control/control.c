/* SPDX-License-Identifier: ISC */
/*
 * control.c - the routes of the control socket; see control.h.  A route is a row of routes[] and a
 * function. Who may speak here is decided by the permissions of the socket.
 */
#include "control/control.h"

#include <event2/http.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/str.h"
#include "control/answer.h"
#include "control/command.h"
#include "control/listing.h"
#include "control/order.h"
#include "control/present.h"
#include "control/selection.h"
#include "control/status.h"
#include "outbound/outbound.h"
#include "queue/queue.h"

enum {
	TIMEOUT_S = 60,
	HEADERS_MAX = 8 * 1024,
	BODY_MAX = 8 * 1024,
	RELOADS_MAX = 16, /* requests that wait for the same answer */
};

#define RECOVERING "the spool is still being read after the start: ask again in a moment"
#define GOING      "this process is just being replaced or stopped: ask again"

struct control {
	struct control_context of;
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	struct evhttp_request *reload[RELOADS_MAX];
	size_t nreload;
	bool is_leaving;
};

/* What a route runs: id is that of its path, if it has one; command belongs to the route. */
typedef void route_fn(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command);

static void
get_status(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command)
{
	(void)id;
	(void)command;
	answer(request, HTTP_OK, status_present(&control->of));
}

/* The selection that the request's query asks for; NULL when it was refused. */
static struct selection *
take_selection(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	struct str why = STR_EMPTY;
	struct selection *selection = selection_parse(evhttp_uri_get_query(uri), &why);

	if (selection == NULL)
		answer_error(request, HTTP_BADREQUEST, why.data);
	str_free(&why);
	return selection;
}

static void
get_queue(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command)
{
	struct selection *selection = take_selection(request);

	(void)id;
	(void)command;
	if (selection != NULL)
		listing_start(control->of.outbound, request, selection);
}

/*
 * Whether an order may be given; otherwise it was answered.  Before the log was read the queue is a
 * part of itself, and a later copy of a message may still be to come, which would know nothing of
 * the order.
 */
static bool
may_order(const struct control *control, struct evhttp_request *request)
{
	if (outbound_is_recovered(control->of.outbound))
		return true;
	answer_error(request, HTTP_SERVUNAVAIL, RECOVERING);
	return false;
}

static void
post_selected(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command)
{
	struct selection *selection;

	(void)id;
	if (!may_order(control, request))
		return;
	selection = take_selection(request);
	if (selection != NULL && !selection_is_named(selection)) {
		selection_free(&selection);
		answer_error(request, HTTP_BADREQUEST,
		    "say which messages (from, to, older, reason, state), or all=1");
	}
	if (selection != NULL)
		order_start(
		    control->of.outbound, request, selection, command, &control->is_leaving);
}

static void
get_message(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command)
{
	const struct queue_item *item = NULL;
	uint64_t number;

	(void)command;
	if (id_parse(id, &number) == 0)
		item = queue_find(outbound_queue(control->of.outbound), number);
	if (item == NULL && !outbound_is_recovered(control->of.outbound))
		answer_error(request, HTTP_SERVUNAVAIL, RECOVERING);
	else if (item == NULL)
		answer_error(request, HTTP_NOTFOUND, "no such message in the queue");
	else
		answer(request, HTTP_OK, present_message_whole(control->of.outbound, item));
}

static void
post_command(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command)
{
	uint64_t number = 0;

	(void)!id_parse(id, &number); /* no message has the id 0 */
	if (may_order(control, request))
		command_start(control->of.outbound, request, number, command);
}

static void
post_retry_all(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command)
{
	(void)id;
	(void)command;
	if (!may_order(control, request))
		return;
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
post_reload(struct control *control, struct evhttp_request *request, const char *id,
    enum outbound_command command)
{
	(void)id;
	(void)command;
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
	route_fn *run;
	enum outbound_command command;
};

/* The first one that fits counts: "/queue/retry" is no id. */
static const struct route routes[] = {
	{ EVHTTP_REQ_GET, "/status", get_status, 0 },
	{ EVHTTP_REQ_GET, "/queue", get_queue, 0 },
	{ EVHTTP_REQ_POST, "/queue/retry", post_selected, OUTBOUND_RETRY },
	{ EVHTTP_REQ_POST, "/queue/hold", post_selected, OUTBOUND_HOLD },
	{ EVHTTP_REQ_POST, "/queue/release", post_selected, OUTBOUND_RELEASE },
	{ EVHTTP_REQ_POST, "/queue/delete", post_selected, OUTBOUND_DELETE },
	{ EVHTTP_REQ_GET, "/queue/*", get_message, 0 },
	{ EVHTTP_REQ_POST, "/queue/*/retry", post_command, OUTBOUND_RETRY },
	{ EVHTTP_REQ_POST, "/queue/*/hold", post_command, OUTBOUND_HOLD },
	{ EVHTTP_REQ_POST, "/queue/*/release", post_command, OUTBOUND_RELEASE },
	{ EVHTTP_REQ_POST, "/queue/*/delete", post_command, OUTBOUND_DELETE },
	{ EVHTTP_REQ_POST, "/retry", post_retry_all, 0 },
	{ EVHTTP_REQ_POST, "/reload", post_reload, 0 },
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

	if (control->is_leaving) {
		answer_error(request, HTTP_SERVUNAVAIL, GOING);
		return;
	}
	for (size_t i = 0; i < sizeof routes / sizeof *routes && path != NULL; i++) {
		if (!fits(routes[i].path, path, id))
			continue;
		known = true;
		if (routes[i].method == method) {
			routes[i].run(ctx, request, id, routes[i].command);
			return;
		}
	}
	if (known)
		answer_error(request, HTTP_BADMETHOD, "this takes another method (GET, POST)");
	else
		answer_error(request, HTTP_NOTFOUND,
		    "no such resource; see posternctl(8): /status /queue /queue/ID /queue/delete "
		    "/retry /reload");
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
	if (!control->is_leaving)
		evhttp_del_accept_socket(control->http, control->socket);
	control->is_leaving = true;
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
