/* SPDX-License-Identifier: ISC */
/* command.c - see command.h.  Nearly always it is over in one call; what waits polls, as a walk
 * does. */
#include "control/command.h"

#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "control/answer.h"

enum {
	POLL_MS = 20,
	STILL_MS = 5000, /* then the answer is that it is busy: the disk may be stuck */
};

struct command {
	struct outbound *outbound;
	struct evhttp_request *request;
	uint64_t id;
	enum outbound_command what;
	struct event *poll;
	int64_t still_by_ms; /* monotonic */
};

static void
tell(const struct command *command, enum outbound_answer got)
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
	char id[ID_TEXT_SIZE];

	if (got == OUTBOUND_DONE && command->what == OUTBOUND_RETRY)
		outbound_probe_now(command->outbound);
	id_format(command->id, id);
	if (got == OUTBOUND_DONE)
		answer(command->request, HTTP_OK, json_pack("{s:s}", "id", id));
	else
		answer_error(command->request, answers[got].code, answers[got].text);
}

static void
command_free(struct command *waiting)
{
	outbound_calm_end(waiting->outbound);
	if (waiting->poll != NULL)
		event_free(waiting->poll);
	free(waiting);
}

static void
on_closed(struct evhttp_connection *connection, void *ctx)
{
	struct command *waiting = ctx;

	(void)connection;
	if (evhttp_request_get_connection(waiting->request) == NULL)
		evhttp_request_free(waiting->request); /* evhttp left it to us */
	command_free(waiting);
}

static void
on_poll(evutil_socket_t fd, short what, void *ctx)
{
	const struct timeval soon = { .tv_usec = POLL_MS * 1000 };
	struct command *waiting = ctx;
	bool is_last =
	    outbound_is_still(waiting->outbound) || clock_mono_ms() >= waiting->still_by_ms;
	enum outbound_answer got = outbound_command(waiting->outbound, waiting->what, waiting->id);

	(void)fd;
	(void)what;
	if (got == OUTBOUND_BUSY && !is_last && evtimer_add(waiting->poll, &soon) == 0)
		return;
	evhttp_connection_set_closecb(evhttp_request_get_connection(waiting->request), NULL, NULL);
	tell(waiting, got);
	command_free(waiting);
}

/* Without memory for it, the answer is at hand: false. */
static bool
wait_a_moment(const struct command *now)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(now->request);
	struct command *waiting = calloc(1, sizeof *waiting);

	if (waiting == NULL)
		return false;
	*waiting = *now;
	outbound_calm(waiting->outbound);
	waiting->still_by_ms = clock_mono_ms() + STILL_MS;
	waiting->poll = evtimer_new(evhttp_connection_get_base(connection), on_poll, waiting);
	if (waiting->poll == NULL) {
		command_free(waiting);
		return false;
	}
	evhttp_connection_set_closecb(connection, on_closed, waiting);
	on_poll(-1, 0, waiting);
	return true;
}

void
command_start(struct outbound *outbound, struct evhttp_request *request, uint64_t id,
    enum outbound_command command)
{
	const struct command now = {
		.outbound = outbound,
		.request = request,
		.id = id,
		.what = command,
	};
	enum outbound_answer got = outbound_command(outbound, command, id);

	if (got != OUTBOUND_BUSY || outbound_is_still(outbound) || !wait_a_moment(&now))
		tell(&now, got);
}
