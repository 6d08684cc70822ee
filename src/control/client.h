/* SPDX-License-Identifier: ISC */
/* client.h - the other end of the control socket: for posternctl and mailq. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <stddef.h>

struct str;

/* Takes a piece of the answer's body: 0, or -1 to give up. */
typedef int client_body_fn(void *ctx, const char *data, size_t len);

enum { CLIENT_GAVE_UP = -1 };

/*
 * Ask the daemon at the unix socket.  Returns 0 when it did as it was asked, and only then the body
 * of its answer went to on_body; CLIENT_GAVE_UP when on_body did; otherwise a status of sysexits.h
 * to end with, and why tells what is wrong and what to do about it.
 */
int client_call(const char *socket, const char *method, const char *path, client_body_fn *on_body,
    void *ctx, struct str *why);

#endif
