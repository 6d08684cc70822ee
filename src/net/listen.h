/* SPDX-License-Identifier: ISC */
/* listen.h - listening sockets: bound here, or handed over by systemd (sd_listen_fds(3)). */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A non-blocking, close-on-exec TCP socket that listens on a numeric address with the longest
 * backlog the system allows. -1 and errno.
 */
int listen_tcp(const char *address, uint16_t port);

/* The same on a unix socket; a stale one is replaced, one that answers is EADDRINUSE.  mode is its
 * permissions, for which the umask is another meanwhile: no other thread may make files. */
int listen_unix(const char *path, mode_t mode);

/*
 * Sockets of LISTEN_FDS, if LISTEN_PID is this process: their number (0: none, at most max), the
 * descriptors made non-blocking and close-on-exec.  The variables are unset.
 */
int listen_inherited(int *fds, int max);

/* Whether fd listens on this numeric address and port, or on this path of a unix socket. */
int listen_matches(int fd, const char *address, uint16_t port);

/* The port it is bound to; 0 if none. */
uint16_t listen_port(int fd);

#endif
