/* SPDX-License-Identifier: ISC */
/*
 * command.h - command lines of a client: verb and argument, and the arguments of MAIL and RCPT with
 * their parameters.  A function here returns NULL when all is well, or else what to answer.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp/address.h"
#include "smtp/dsn.h"
#include "smtp/status.h"
#include "smtp/verb.h"

enum {
	SMTP_LINE_MAX = 2048, /* with CRLF: RFC 5321 4.5.3.1.4 and what extensions add */
};

struct smtp_command {
	enum smtp_verb verb;
	const char *argument; /* into the line: without the spaces around it; not NUL-terminated */
	size_t argument_len;
};

/*
 * Take one line, its CRLF stripped, apart; out->argument borrows from line.  A verb that is not
 * known is no error here: out->verb is SMTP_VERB_UNKNOWN.  Refused: control octets, NUL and DEL
 * anywhere in the line.
 */
const struct smtp_status *
smtp_command_split(const char *line, size_t len, struct smtp_command *out);

enum smtp_body { SMTP_BODY_UNSAID, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME, SMTP_BODY_BINARYMIME };

struct smtp_mail {
	struct smtp_mailbox from; /* may be null or unqualified */
	uint64_t size; /* octets as the client declares them (RFC 1870), at most UINT64_MAX */
	bool has_size;
	bool smtputf8;
	bool requiretls;
	bool has_priority;
	int priority; /* MT-PRIORITY (RFC 6710), -9 to 9 */
	/* FUTURERELEASE (RFC 4865): one of them at most, 0: unsaid. */
	uint32_t hold_for_s;
	int64_t hold_until_ms; /* since the epoch */
	enum smtp_body body;
	enum smtp_ret ret;
	char envid[SMTP_ENVID_MAX + 1]; /* xtext as received; "": none */
};

struct smtp_rcpt {
	struct smtp_mailbox to;         /* may be unqualified, also a bare "postmaster" */
	unsigned notify;                /* set of smtp_notify; 0: unsaid */
	char orcpt[SMTP_ORCPT_MAX + 1]; /* "rfc822;xtext" as received; "": none */
};

struct smtp_bdat {
	uint64_t size; /* octets that follow the command */
	bool is_last;
};

/*
 * Read the argument of BDAT ("1000 LAST", RFC 3030 2).  *knows_size tells whether a refused command
 * at least says how many octets follow it.
 */
const struct smtp_status *
smtp_bdat_parse(const char *argument, size_t len, struct smtp_bdat *out, bool *knows_size);

/*
 * Read the argument of MAIL ("FROM:<a@b> SIZE=10") or RCPT.  offered is the set of extensions that
 * EHLO showed (0 after HELO): a parameter of any other gets 555 5.5.4.  AUTH= (RFC 4954 5) is
 * checked and dropped: nobody is trusted with it.  utf8: whether the transaction's MAIL had
 * SMTPUTF8.  out is undefined when an answer is returned.
 */
const struct smtp_status *
smtp_mail_parse(const char *argument, size_t len, unsigned offered, struct smtp_mail *out);
const struct smtp_status *smtp_rcpt_parse(
    const char *argument, size_t len, unsigned offered, bool utf8, struct smtp_rcpt *out);

#endif
