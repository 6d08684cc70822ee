/* SPDX-License-Identifier: ISC */
/*
 * gate.h - what each listener has beyond its config: the certificate that it shows, and who
 * may log in.
 * It is read while the worker still has its master's rights, and before it is locked in; a reload
 * makes a new worker, and that reads it anew.
 */
#ifndef LISTENER_GATE_H
#define LISTENER_GATE_H

#include <stddef.h>

struct config;
struct config_listen;
struct str;
struct tls_server;
struct users;

struct gate {
	struct tls_server *tls; /* NULL: no TLS here */
	struct users *users;    /* NULL: nobody logs in here */
};

/* In the order of config->listen. */
struct gates {
	struct gate *gate;
	size_t count;
};

/*
 * Read what the config names.  NULL on failure, with a line for each problem in errors; warnings
 * gets a line for each thing that works and should not stay so.
 */
struct gates *gates_load(const struct config *config, struct str *errors, struct str *warnings);

/* The same checks, leaving nothing behind: 0 or -1. */
int gates_check(const struct config *config, struct str *errors, struct str *warnings);

void gates_free(struct gates **gates);

#endif
