/* SPDX-License-Identifier: ISC */
/* verbs.h - the commands: verbs.c has the table, the others the longer answers. */
#ifndef PROVIDER_VERBS_H
#define PROVIDER_VERBS_H

#include <stddef.h>

struct evbuffer;
struct session;

/* Run one command line (its end stripped); sends one reply. */
void verb_run(struct session *s, char *line);

/* envelope.c */
void on_mail(struct session *s, char *arg);
void on_rcpt(struct session *s, char *arg);

/* auth.c */
void on_auth(struct session *s, char *arg);
void auth_continue(struct session *s, char *line);

/* receive.c */
void on_data(struct session *s, char *arg);
void on_bdat(struct session *s, char *arg);
/* Take octets of the content; 0 when there are none to take. */
int receive_data(struct session *s, struct evbuffer *input);
int receive_bdat(struct session *s, struct evbuffer *input);

#endif
