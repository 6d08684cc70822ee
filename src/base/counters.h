/* SPDX-License-Identifier: ISC */
/*
 * counters.h - the page of counters that all processes share: the master maps it once, each worker
 * adds to it. Names, help texts and fields come from one table, so that status and metrics never
 * drift apart.
 */
#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* X(field, help): totals since the start of the master. */
#define COUNTERS(X)                                                                 \
	X(sessions, "client sessions begun")                                        \
	X(sessions_refused, "client connections refused because of a limit")        \
	X(accepted_messages, "messages answered 250")                               \
	X(accepted_recipients, "recipients of messages answered 250")               \
	X(accepted_bytes, "bytes of messages answered 250")                         \
	X(rejected_commands, "commands answered 4xx or 5xx")                        \
	X(spool_groups, "group commits, each one fdatasync")                        \
	X(spool_failures, "messages refused because the spool could not keep them") \
	X(spool_damaged, "damaged records set aside")                               \
	X(delivered, "recipients delivered to an upstream")                         \
	X(deferred, "attempts put off, counted for each recipient")                 \
	X(failed, "recipients failed for good")                                     \
	X(bounces, "reports written")                                               \
	X(bounces_dropped, "reports that could not be delivered and were dropped")  \
	X(upstream_connections, "connections made to upstreams")                    \
	X(worker_deaths, "workers that died unasked")

/* X(field, help): levels, set by the one that owns them. */
#define GAUGES(X)                          \
	X(clients, "client sessions open") \
	X(queued, "messages waiting")      \
	X(spool_full, "1 while new mail is refused for lack of space")

struct counters {
#define X(field, help) _Atomic uint64_t field;
	COUNTERS(X) GAUGES(X)
#undef X
};

static inline void
counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void
gauge_set(_Atomic uint64_t *gauge, uint64_t value)
{
	atomic_store_explicit(gauge, value, memory_order_relaxed);
}

static inline uint64_t
counter_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
