/* SPDX-License-Identifier: ISC */
/*
 * names.h - the last good addresses of each host, kept in a small file, so that mail goes on while
 * the DNS is out. Whoever uses them verifies the certificate: that is what makes them safe.
 */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	NAMES_HOSTS_MAX = 64,     /* the one that was used least recently gives way */
	NAMES_ADDRESSES_MAX = 16, /* of each */
};

#define NAMES_AGE_MAX_MS (7 * 24 * 3600 * INT64_C(1000)) /* older ones are forgotten */

struct names;

/*
 * Read DIR/names.  dir is borrowed; with -1 nothing is read or written.  A file that is damaged
 * counts as none, and is logged.  NULL: out of memory.
 */
struct names *names_open(int dir);

/* Write what is not written yet, and free. */
void names_free(struct names **names);

/*
 * A connection to one of these addresses of the host was made at now_ms (clock_real_ms()).  The
 * file is written when they changed or are an hour old, at most once a minute, and not synced.
 */
void names_learn(struct names *names, const char *host, const struct sockaddr_storage *address,
    size_t count, int64_t now_ms);

/*
 * A lookup failed; why in words.  How many addresses, with port 0, are in out; 0: none are known
 * that are young enough.  The first time in a row is logged.
 */
size_t names_recall(struct names *names, const char *host, const char *why, int64_t now_ms,
    struct sockaddr_storage out[NAMES_ADDRESSES_MAX]);

#endif
