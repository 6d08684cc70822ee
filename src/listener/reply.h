/* SPDX-License-Identifier: ISC */
/*
 * reply.h - the one writer of replies to a client.  What is refused is counted, logged and held
 * against the session's limit of errors here.
 */
#ifndef LISTENER_REPLY_H
#define LISTENER_REPLY_H

struct session;
struct smtp_status;
struct str;

/* enhanced may be NULL.  '\n' in the text begins a new line. */
void reply(struct session *session, int code, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void reply_status(struct session *session, const struct smtp_status *status);

/* The same, but a refusal that a faultless client runs into many times: neither counted as an error
 * nor logged. */
void reply_uncounted(struct session *session, const struct smtp_status *status);

/* The same for what the policy refuses of a client that does nothing wrong by it: counted and
 * logged, but not held against its session. */
void reply_refused(struct session *session, int code, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A whole reply that was formatted before. */
void reply_ready(struct session *session, const struct str *text);

#endif
