/* SPDX-License-Identifier: ISC */
/*
 * data.h - the content of a message, from its begin to its answer: what DATA and BDAT have in
 * common.
 */
#ifndef LISTENER_DATA_H
#define LISTENER_DATA_H

#include <stdbool.h>

#include "smtp/dot.h"

struct early_limit;
struct session;
struct smtp_status;

/* In PHASE_RCPT: begin the message.  NULL, or why not: then the transaction is to be dropped. */
const struct smtp_status *data_begin(struct session *session, enum smtp_dot_mode mode);

/* Say that the message is larger than any upstream takes. */
void data_refuse_size(struct session *session, const struct early_limit *limit);

/* In PHASE_DATA and PHASE_CHUNK: take the content that is there; false: there is no more for now.
 */
bool data_take(struct session *session);

/* Whether content comes in, the spool is behind, and the client has to wait for it. */
bool data_is_waiting(const struct session *session);

/* The client has left, or is let go: if that was amid a content, of which nothing is kept, log it.
 */
void data_note_end(struct session *session);

#endif
