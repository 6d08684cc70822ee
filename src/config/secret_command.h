/* SPDX-License-Identifier: ISC */
/* secret_command.h - a command that prints a secret. */
#ifndef CONFIG_SECRET_COMMAND_H
#define CONFIG_SECRET_COMMAND_H

#include <stddef.h>
#include <stdint.h>

struct str;

enum { SECRET_COMMAND_MS = 10 * 1000 }; /* for all commands of a config together */

/*
 * Run a command by /bin/sh until end_ms (monotonic) at most, and take what it prints: -1 with the
 * reason in why, which has what it said on stderr, or 0.  What does not fit into out is an error.
 * The caller cleanses out.
 */
int secret_command_run(
    const char *command, int64_t end_ms, char *out, size_t size, size_t *ret_len, struct str *why);

#endif
