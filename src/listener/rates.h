/* SPDX-License-Identifier: ISC */
/*
 * rates.h - how many messages each client address has begun of late, for `rate` of a client
 * section: a token bucket for each address and section, in a table of fixed size.  Where it is
 * full, the bucket that is nearest to being full is forgotten, which forgives the least.
 */
#ifndef LISTENER_RATES_H
#define LISTENER_RATES_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/parse.h"

enum { RATES_MAX = 4096 }; /* buckets, of 32 octets each */

struct rates;

/* NULL: out of memory. */
struct rates *rates_new(void);
void rates_free(struct rates **rates);

/*
 * Take a message out of the bucket, which holds as many as the rate has in its period.  0; or the
 * milliseconds until there will be one, and nothing was taken.  section tells the buckets of one
 * address apart.  Time is monotonic.
 */
uint64_t rates_take(struct rates *rates, const struct sockaddr *address, unsigned section,
    const struct rate *rate, int64_t mono_ms);

#endif
