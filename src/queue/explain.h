/* SPDX-License-Identifier: ISC */
/*
 * explain.h - what a refusal means, in words for the sender of a message: who reads a report does
 * not know codes.  Pure.
 */
#ifndef QUEUE_EXPLAIN_H
#define QUEUE_EXPLAIN_H

/* enhanced: "5.1.1" (RFC 3463 and its registry), or NULL.  NULL: there is no more to say than the
 * upstream has said. */
const char *explain_enhanced(const char *enhanced);

#endif
