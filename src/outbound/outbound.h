/* SPDX-License-Identifier: ISC */
/*
 * outbound.h - the outbound side of one worker process: the queue in memory, the upstreams,
 * retries, bounces. It never sees a byte of a client but as the content of a message.
 */
#ifndef OUTBOUND_OUTBOUND_H
#define OUTBOUND_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct counters;
struct event_base;
struct outbound;
struct queue;
struct queue_item;
struct secrets;
struct segments_unread;
struct sizes;
struct spool;
struct spool_outcomes;

/*
 * Start: read the log (recovery), then follow it; wake_fd is the eventfd that writers write.
 * secrets is taken; what upstreams take is told to sizes.  NULL and errno on failure.
 */
struct outbound *outbound_new(struct event_base *base, const struct config *config,
    struct secrets *secrets, struct spool *spool, struct counters *counters, struct sizes *sizes,
    int wake_fd);

/*
 * Begin no transaction any more, wait for the replies of those in flight until deadline_ms from
 * now; what is unanswered then is recorded as "outcome unknown" and tried again later.  on_done is
 * called once.
 */
void outbound_drain(
    struct outbound *outbound, uint64_t deadline_ms, void (*on_done)(void *ctx), void *ctx);

void outbound_free(struct outbound **outbound);

/* For the control socket. */
const struct config *outbound_config(const struct outbound *outbound);
struct queue *outbound_queue(struct outbound *outbound);
struct spool *outbound_spool(struct outbound *outbound);
struct spool_outcomes *outbound_outcomes(struct outbound *outbound);

/* Why a message waits, in words: its last deferral, its sender's wish, or the hold of all upstreams
 * that may have it; NULL: nothing is known.  Valid until the next call. */
const char *outbound_reason(const struct outbound *outbound, const struct queue_item *item);

enum outbound_upstream_state { UPSTREAM_UP, UPSTREAM_HELD };

struct outbound_upstream_status {
	const char *name, *host;
	uint16_t port;
	enum outbound_upstream_state state;
	unsigned connections, busy;                    /* open now; with a transaction */
	unsigned connections_max, connections_allowed; /* configured; for the present */
	double rate_per_s, pace_per_s; /* messages: configured, for the present; 0: no limit */
	const char *throttle_reason;   /* in plain words; NULL when it has not asked for less */
	int64_t throttled_since_ms;    /* real time; 0 when it has not */
	uint64_t waiting;              /* messages that are due and wait for it */
	int64_t drained_in_s;          /* until they have left; -1: that cannot be told */
	const char *hold_reason;       /* in plain words, with the upstream's; NULL when up */
	int64_t held_since_ms, next_probe_ms; /* real time; 0 when up */
};

/* Fill in the i-th upstream; false when there is none. */
bool outbound_upstream_status(
    const struct outbound *outbound, unsigned i, struct outbound_upstream_status *status);

/* The way (detour.h) of a recipient with this route; and the upstream, by its place in the config,
 * that has the messages of a route or way now; -1: none, as all are held. */
size_t outbound_way(
    const struct outbound *outbound, const struct queue_item *item, uint32_t rcpt, size_t route);
int outbound_route_upstream(const struct outbound *outbound, size_t way);

/* How many messages are due that take a route. */
size_t outbound_route_ready(const struct outbound *outbound, size_t route);

/* The next segment above this number of which nothing is in the queue; false: there is none. */
bool outbound_next_unread(
    const struct outbound *outbound, uint64_t segment, struct segments_unread *unread);

/* Whether recovery is over, so that the queue is complete. */
bool outbound_is_recovered(const struct outbound *outbound);

enum outbound_command { OUTBOUND_RETRY, OUTBOUND_HOLD, OUTBOUND_RELEASE, OUTBOUND_DELETE };
enum outbound_answer {
	OUTBOUND_DONE,
	OUTBOUND_NO_SUCH_MESSAGE,
	OUTBOUND_IS_HELD, /* a held message is not retried: release it */
	OUTBOUND_BUSY,    /* it is being sent right now, or moved: ask again */
	OUTBOUND_FAILED,  /* the outcome could not be written */
};

/* An operator's order for one message. */
enum outbound_answer
outbound_command(struct outbound *outbound, enum outbound_command command, uint64_t id);

/*
 * Messages that are moved within the spool are busy, too.  Between the two none begins to be, and
 * soon the outbound side is still: then what is busy is being sent.
 */
void outbound_calm(struct outbound *outbound);
void outbound_calm_end(struct outbound *outbound);
bool outbound_is_still(const struct outbound *outbound);

/* Held upstreams are probed at once, whatever their clocks say. */
void outbound_probe_now(struct outbound *outbound);

/*
 * Every waiting message is due now, but for those that their senders want to wait, and held
 * upstreams are probed at once: how many messages.  As with any retry, that is for now: after a
 * restart what is left waits for the time it was put off to.
 */
uint64_t outbound_retry_all(struct outbound *outbound);

#endif
