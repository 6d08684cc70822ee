/* SPDX-License-Identifier: ISC */
/* client.h - the other end of the control socket: for posternctl and mailq. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <stddef.h>

struct str;

/* Takes a piece of the answer's body: 0, or -1 to give up. */
typedef int client_body_fn(void *ctx, const char *data, size_t len);

/*
 * Ask the daemon at the unix socket.  Returns the HTTP status, whose body went to on_body, or
 * -1 when there is no answer: then why tells what to do about it and *exit_code is the status of
 * sysexits.h to end with.
 */
long client_call(const char *socket, const char *method, const char *path, client_body_fn *on_body,
    void *ctx, struct str *why, int *exit_code);

/* The status of sysexits.h for an HTTP status. */
int client_exit_code(long status);

#endif
