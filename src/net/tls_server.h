/* SPDX-License-Identifier: ISC */
/*
 * tls_server.h - TLS towards clients: the certificate chain that they are shown, its key, and the
 * least version (RFC 8446, RFC 9325).  It holds a private key: only the listener worker keeps one.
 */
#ifndef NET_TLS_SERVER_H
#define NET_TLS_SERVER_H

#include "config/config.h"

struct certificate;
struct ssl_st;
struct str;
struct tls_server;

/* The certificate is the caller's, and not needed any more.  NULL with the reason in why. */
struct tls_server *
tls_server_new(const struct certificate *certificate, enum tls_least least, struct str *why);
void tls_server_free(struct tls_server **server);

/* A session for one client; the caller owns it.  NULL: out of memory. */
struct ssl_st *tls_server_session(const struct tls_server *server);

/* Add a line for each thing that clients or the operator may mind, without a name in front. */
void tls_server_warn(const struct tls_server *server, struct str *out);

#endif
