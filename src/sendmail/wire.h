/* SPDX-License-Identifier: ISC */
/* wire.h - a blocking SMTP connection to a listener, with a time limit on every wait. */
#ifndef SENDMAIL_WIRE_H
#define SENDMAIL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "smtp/reply.h"

struct wire {
	int fd;
	struct ssl_st *ssl; /* NULL: in the clear */
	bool verbose;       /* the conversation goes to stderr */
	char in[4096];
	size_t in_len, in_at;
	struct smtp_reply reply; /* the last one */
};

/* Connect: 0, or -1 and errno. */
int wire_open(struct wire *wire, const char *address, uint16_t port, bool verbose);
void wire_close(struct wire *wire);

/* The same to an address of any kind, from another (NULL: the system's choice) of the same kind. */
int wire_open_from(struct wire *wire, const struct sockaddr *from, const struct sockaddr *to,
    socklen_t len, unsigned timeout_s);

/* TLS from here on, with whoever it is: for looking at a server, not for mail.  0 or -1. */
int wire_begin_tls(struct wire *wire);

/* Send all octets: 0, or -1 and errno. */
int wire_send(struct wire *wire, const void *data, size_t len);

/* Wait for a reply: its code, or -1 with errno (EPROTO: it was no SMTP). */
int wire_reply(struct wire *wire);

/* Send a command line (without CRLF) and wait for its reply. */
int wire_command(struct wire *wire, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copy octets both ways between the connection and stdin/stdout, until the peer closes: 0 or -1. */
int wire_pass_through(struct wire *wire);

#endif
