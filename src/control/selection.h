/* SPDX-License-Identifier: ISC */
/*
 * selection.h - which messages of the queue an operator means: those that meet all criteria of a
 * URI's query. Pure; both ends of the control socket read it, so that they agree.
 *
 *   from=PATTERN to=PATTERN older=DURATION reason=TEXT state=NAME all=1
 */
#ifndef CONTROL_SELECTION_H
#define CONTROL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/queue.h"

struct envelope;
struct selection;
struct str;

enum { SELECTION_VALUE_MAX = 512 };

/* NULL stands for no query: everything.  Returns NULL when it is none, and why says so. */
struct selection *selection_parse(const char *query, struct str *why);
void selection_free(struct selection **selection);

/* Whether anything was asked for at all, be it `all`: what deletes does not guess. */
bool selection_is_named(const struct selection *selection);

/* Whether there is a criterion that some message may not meet. */
bool selection_is_partial(const struct selection *selection);

/*
 * A message is selected when all say so; what the later ones look at may have to be read from the
 * disk, and they are asked only if needed.  reason: as it is shown, or NULL.  A recipient counts
 * while it is outstanding.
 */
bool selection_takes(const struct selection *selection, const struct queue *queue,
    const struct queue_item *item, int64_t now_ms);
bool selection_reads_reason(const struct selection *selection);
bool selection_takes_reason(const struct selection *selection, const char *reason);
bool selection_reads_envelope(const struct selection *selection);
bool selection_takes_envelope(const struct selection *selection, const struct queue_item *item,
    const struct envelope *envelope);

/* "ready", "waiting", "sending", "held". */
const char *selection_state_name(enum queue_state state);

#endif
