/* SPDX-License-Identifier: ISC */
/* data.h - what the session does between 354 and the answer to the message. */
#ifndef LISTENER_DATA_H
#define LISTENER_DATA_H

#include <stdbool.h>

struct session;

/* In PHASE_DATA: take the content that is there; false: there is no more for now. */
bool data_take(struct session *session);

/* In PHASE_DATA: whether the spool is behind, and the client has to wait for it. */
bool data_is_waiting(const struct session *session);

#endif
