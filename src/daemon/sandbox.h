/* SPDX-License-Identifier: ISC */
/*
 * sandbox.h - a worker locks itself in, before it makes threads: files by Landlock, system calls by
 * seccomp. So a hole in the inbound parser reaches neither a shell, nor the network, nor a file
 * outside the spool. Nothing happens in a build with sanitizers: they need more than that.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/worker.h"

/* For good.  The process must have no_new_privs.  What the kernel does not know or a container
 * forbids is left out and logged. */
void sandbox_enter(enum worker_role role, const struct config *config);

/* The parts of it: 0; 1: this kernel cannot; -1 and errno. */

/*
 * Files: read and write below `spool`, read below each of `readable` (paths, missing ones do not
 * matter), nothing else that is not open already.
 */
int sandbox_files(const char *spool, const char *const *readable, size_t count);

/* System calls: those that the role uses, EPERM for all others; bind(2) only for source addresses.
 */
int sandbox_calls(enum worker_role role, bool has_sources);

#endif
