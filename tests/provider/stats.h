/* SPDX-License-Identifier: ISC */
/* stats.h - what happened so far: counters, and the client's breaches of the protocol. */
#ifndef PROVIDER_STATS_H
#define PROVIDER_STATS_H

#include <jansson.h>

struct faults;

enum counter {
	COUNT_CONNECTIONS, /* now */
	COUNT_CONNECTIONS_TOTAL,
	COUNT_CONNECTIONS_MAX,
	COUNT_TLS_HANDSHAKES,
	COUNT_TLS_RESUMED,
	COUNT_TLS_FAILED,
	COUNT_AUTH_OK,
	COUNT_AUTH_FAILED,
	COUNT_TRANSACTIONS,
	COUNT_MESSAGES,
	COUNT_RECIPIENTS,
	COUNT_BYTES,
	COUNT_REFUSED_MESSAGES,
	COUNT_REFUSED_RECIPIENTS,
	COUNT_QUITS,
	COUNTERS
};

struct stats;

struct stats *stats_new(void);
void stats_free(struct stats **stats);

/* Back to zero, but for the connections there are now. */
void stats_reset(struct stats *stats);

void stats_add(struct stats *stats, enum counter counter, unsigned long n);
unsigned long stats_get(const struct stats *stats, enum counter counter);

void stats_connected(struct stats *stats);
void stats_disconnected(struct stats *stats);

/* Note when a message was accepted, `now` in seconds since the epoch. */
void stats_message(struct stats *stats, double now, unsigned long recipients, unsigned long octets);

/* Count a command; the name must live for ever. */
void stats_command(struct stats *stats, unsigned row, const char *name);

/* Note a breach of the protocol; only the first thousand are listed. `kind` must live for ever. */
void stats_violation(
    struct stats *stats, const char *kind, const char *detail, unsigned long connection);

json_t *stats_json(const struct stats *stats);

#endif
