/* SPDX-License-Identifier: ISC */
/* answer.h - whole answers of the control socket: JSON, errors as {"error": "in plain words"}. */
#ifndef CONTROL_ANSWER_H
#define CONTROL_ANSWER_H

#include <jansson.h>

struct evhttp_request;

/* Takes the reference; NULL stands for out of memory. */
void answer(struct evhttp_request *request, int status, json_t *json);
void answer_error(struct evhttp_request *request, int status, const char *error);

#endif
