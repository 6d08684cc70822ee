/* SPDX-License-Identifier: ISC */
/* call.h - one request of posternctl: its answer, or its error on stderr. */
#ifndef CTL_CALL_H
#define CTL_CALL_H

#include <jansson.h>

/* 0 and the answer, which the caller drops; or a status of sysexits.h after saying why, and NULL.
 */
int ctl_call(const char *socket, const char *method, const char *path, json_t **json);

/* The answer goes to stdout as it comes; that nobody reads it is no error. */
int ctl_copy(const char *socket, const char *path);

/* Say why it ended so; returns code. */
struct str;
int ctl_complain(const struct str *why, int code);

/* What the output's failure means: EPIPE nothing, anything else is said. */
int ctl_output_failed(int error);

#endif
