/* SPDX-License-Identifier: ISC */
/* answer.c - see answer.h. */
#include "control/answer.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>

#include "control/present.h"

void
answer(struct evhttp_request *request, int status, json_t *json)
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
		evhttp_send_reply(request, status, NULL, body);
	}
	free(text);
	if (body != NULL)
		evbuffer_free(body);
}

void
answer_error(struct evhttp_request *request, int status, const char *error)
{
	answer(request, status, json_pack("{s:o}", "error", present_text(error)));
}
