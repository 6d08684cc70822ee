/* SPDX-License-Identifier: ISC */
/* options.h - the command line of sendmail(8), as programs have used it for decades. */
#ifndef SENDMAIL_OPTIONS_H
#define SENDMAIL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum sendmail_mode {
	MODE_DELIVER,
	MODE_SMTP,
	MODE_QUEUE,
	MODE_NOTHING,
	MODE_VERSION,
	MODE_USAGE,
};

struct options {
	enum sendmail_mode mode;
	const char *config;        /* -C; NULL: the default */
	bool recipients_in_header; /* -t */
	bool dot_is_text;          /* -i, -oi: a line with a lone dot does not end the message */
	bool verbose;              /* -v */
	const char *sender;        /* -f, -r; NULL: the user; "" or "<>": the null reverse-path */
	const char *full_name;     /* -F */
	const char *body;          /* -B: "7BIT" or "8BITMIME" */
	const char *notify;        /* -N */
	const char *ret;           /* -R: "FULL" or "HDRS" */
	const char *envid;         /* -V */
	char **recipient;          /* of argv */
	size_t nrecipient;
};

/* 0; or -1 after a complaint on stderr (EX_USAGE). */
int options_parse(int argc, char **argv, struct options *out);

#endif
