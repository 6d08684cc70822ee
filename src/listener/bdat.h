/* SPDX-License-Identifier: ISC */
/* bdat.h - what the session does with the octets of a chunk. */
#ifndef LISTENER_BDAT_H
#define LISTENER_BDAT_H

#include <stdbool.h>

struct session;

/* In PHASE_CHUNK: take the octets that are there; false: there are no more for now. */
bool bdat_take(struct session *session);

#endif
