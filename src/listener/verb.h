/* SPDX-License-Identifier: ISC */
/* verb.h - the table of SMTP verbs, and what answers each of them. */
#ifndef LISTENER_VERB_H
#define LISTENER_VERB_H

#include <stddef.h>

struct session;
struct smtp_command;

/* Run one command line, its line end stripped; sends one reply. */
void verb_run(struct session *session, const char *line, size_t len);

/* The verbs that are spoken here, for HELP: "EHLO HELO MAIL ...". */
void verb_list(const struct session *session, char *out, size_t size);

/* The rows' functions.  The phase and, where asked for, an argument are checked before. */
typedef void verb_fn(struct session *session, const struct smtp_command *command);

verb_fn on_ehlo, on_helo;                            /* ehlo.c */
verb_fn on_mail;                                     /* mail.c */
verb_fn on_rcpt;                                     /* rcpt.c */
verb_fn on_data;                                     /* data.c */
verb_fn on_bdat;                                     /* bdat.c */
verb_fn on_auth;                                     /* auth.c */
verb_fn on_starttls;                                 /* starttls.c */
verb_fn on_rset, on_noop, on_quit, on_vrfy, on_help; /* small.c */

#endif
