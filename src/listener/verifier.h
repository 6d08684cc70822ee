/* SPDX-License-Identifier: ISC */
/*
 * verifier.h - passwords are checked beside the event loop: a hash is made to take long.  A few
 * threads take what waits, in turn.
 */
#ifndef LISTENER_VERIFIER_H
#define LISTENER_VERIFIER_H

#include <stdbool.h>

struct event_base;
struct sockaddr;
struct users;
struct verifier;
struct verifier_job;

/* NULL: out of memory or of threads. */
struct verifier *verifier_new(struct event_base *base);

/* Waits for what runs; nobody hears of it. */
void verifier_free(struct verifier **verifier);

/* On the event loop; the job is gone then. */
typedef void verifier_fn(void *ctx, bool fits);

/*
 * Check a name and a password, which are copied; users are borrowed as long as the verifier lives.
 * Clients, told apart by their host, take turns.  NULL: out of memory.
 */
struct verifier_job *verifier_submit(struct verifier *verifier, const struct users *users,
    const struct sockaddr *client, const char *name, const char *password, verifier_fn *on_done,
    void *ctx);

/* on_done will not be called, and nothing is computed that has not been begun. */
void verifier_forget(struct verifier_job **job);

#endif
