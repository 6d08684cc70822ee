/* SPDX-License-Identifier: ISC */
/*
 * config.h - the config file as one immutable tree: read once, checked whole, never changed.
 * postern.conf(5) tells each key; defaults and ranges live in one table in key.c.
 * Times are milliseconds, sizes bytes.  Secrets are not part of it: see secret.h.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cidr.h"
#include "base/log.h"
#include "base/parse.h"
#include "config/pin.h"

#define CONFIG_DEFAULT_FILE POSTERN_SYSCONFDIR "/postern.conf"

enum { CONFIG_ROUTES_MAX = 255 }; /* and the default one */

enum tls_mode { TLS_NONE, TLS_STARTTLS, TLS_IMPLICIT };

/* The least version; the usual one is the first. */
enum tls_least { TLS_LEAST_1_2, TLS_LEAST_1_3, TLS_LEAST_1_1, TLS_LEAST_1_0 };

/* How to log in; auto: with the strongest mechanism that the upstream offers. */
enum auth_choice {
	AUTH_AUTO,
	AUTH_PLAIN,
	AUTH_LOGIN,
	AUTH_CRAM_MD5,
	AUTH_SCRAM_SHA_1,
	AUTH_SCRAM_SHA_256,
	AUTH_SCRAM_SHA_1_PLUS,
	AUTH_SCRAM_SHA_256_PLUS,
	AUTH_EXTERNAL, /* by tls_cert_file */
};

/* How urgent mail is, from -9 to 9: what is higher goes first. */
struct config_priority {
	bool is_set;
	int value;
};

/* Line ends of content that are not CRLF. */
enum bare_lf { BARE_LF_NORMALIZE, BARE_LF_REJECT };

/* What becomes of lines that are too long: they are encoded unless that would break a signature;
 * never; always. */
enum long_lines { LONG_LINES_ENCODE, LONG_LINES_KEEP, LONG_LINES_FORCE };

/* How much is sent before the replies to it come; from the most careful to the fastest. */
enum pipelining { PIPELINING_OFF, PIPELINING_ENVELOPE, PIPELINING_STREAM };

struct config_listen {
	char *name;
	char *address; /* numeric IPv4 or IPv6, or the absolute path of a unix socket; checked */
	uint16_t port; /* 0: the kernel chooses, for tests; it is logged; or a unix socket */
	unsigned mode; /* permissions of a unix socket */
	struct cidr_list relay_from;
	struct config_priority priority;
	struct cidr_list proxy_from;        /* balancers that speak the PROXY protocol */
	enum tls_mode tls;                  /* default: by port, if there is a certificate */
	char *tls_cert_file, *tls_key_file; /* absolute; both, unless tls is TLS_NONE */
	enum tls_least tls_min;
	enum bare_lf bare_lf;
	char *users_file; /* absolute; NULL: nobody logs in */
	bool auth_required;
	unsigned certificate_line, users_line; /* where they were given, for listener/gate.h */
	bool is_default; /* not in the file: a host without IPv6 (or IPv4) does without it */
};

static inline bool
config_listen_is_unix(const struct config_listen *listen)
{
	return listen->address[0] == '/';
}

enum { CONFIG_PORTS_MAX = 8 };

struct config_port {
	uint16_t number;
	enum tls_mode tls;
};

struct config_list {
	char **text;
	size_t count;
};

struct config_upstream {
	char *name;
	char *host;
	uint16_t port;     /* the first of ports */
	enum tls_mode tls; /* for the first port; default by port: 465 implicit, else starttls */
	struct config_port ports[CONFIG_PORTS_MAX]; /* in the order to try them, at least one */
	size_t nports;
	char *ca_file, *ca_dir;             /* absolute; NULL both: the system's trust store */
	char *tls_cert_file, *tls_key_file; /* absolute; both or neither */
	unsigned certificate_line;          /* for secret.h */
	struct pin *tls_pins;               /* if there are any, one must match, and no more */
	size_t ntls_pins;
	enum tls_least tls_min;
	char *tls_ciphers;
	char *username;         /* NULL: no login */
	char *password_file;    /* absolute; of the three at most one is set */
	char *password_env;     /* the name of a variable */
	char *password_command; /* for /bin/sh */
	unsigned password_line; /* where one of the three was given, for secret.h */
	enum auth_choice auth;
	char *proxy_host; /* a SOCKS5 proxy; NULL: none */
	uint16_t proxy_port;
	char *proxy_username;         /* NULL: no login there */
	char *proxy_password_file;    /* absolute */
	unsigned proxy_password_line; /* where it was given, for secret.h */
	char *bind4, *bind6; /* source addresses; NULL: the system's choice for that family */
	unsigned connections;
	struct rate rate;
	uint64_t timeout_ms;        /* for each command and its reply */
	enum pipelining pipelining; /* the most that is done */
	struct config_list senders; /* patterns of those that it takes; empty: any */
	enum long_lines long_lines;
};

/* Which recipients go to which upstreams.  The first route whose criteria are all met counts. */
struct config_route {
	char *name;
	struct config_list from, to; /* patterns: see smtp_pattern_means(); empty: any */
	struct config_list listen;   /* names; empty: any */
	struct config_list upstreams;
	size_t *upstream; /* the same as places in config.upstream: the first that works is used */
	struct config_priority priority;
	bool is_default; /* not in the file: what no route wants */
};

/*
 * What clients may do.  The first section whose criteria match, users and listen are all met
 * counts; see listener/policy.h.
 */
struct config_client {
	char *name;
	struct cidr_list match;        /* of the client's address; empty: any */
	struct config_list users;      /* who have logged in, "*": anybody has; empty: any client */
	struct config_list listen;     /* names; empty: any */
	bool relay;                    /* whether it may send at all */
	struct config_list senders;    /* patterns: see smtp_pattern_means(); empty: any */
	struct config_list recipients; /* the same */
	struct config_list refuse_recipients; /* these not, whatever recipients says */
	uint64_t message_size;                /* 0: that of the limits */
	struct rate rate;                     /* messages of one address */
	unsigned connections;                 /* of one address at a time; 0: that of the limits */
};

struct config_queue {
	uint64_t lifetime_ms, warn_after_ms; /* warn_after 0: never */
	uint64_t retry_min_ms, retry_max_ms;
	char *bounce_from; /* NULL: reports have the null reverse-path */
};

struct config_limits {
	uint64_t message_size; /* octets of content as sent by the client */
	unsigned recipients;   /* of one message */
	unsigned connections, connections_per_client;
	unsigned errors;            /* 4xx and 5xx replies in one session before 421 */
	uint64_t idle_ms;           /* to wait for a command */
	uint64_t data_ms;           /* for a whole message */
	uint64_t future_release_ms; /* how long senders may have messages held; 0: not at all */
	uint64_t min_free;          /* bytes that stay free on the spool's file system */
};

struct config_log {
	enum log_target target;
	enum log_format format;
	enum log_level level;
};

struct config {
	char *file;     /* where it was read from, absolute */
	char *hostname; /* a domain name: EHLO, Received, Message-ID */
	char *domain;   /* completes unqualified addresses; default hostname */
	char *spool;
	char *user; /* NULL when not started as root: stay who we are */
	char *control;
	struct config_listen *listen;
	size_t nlisten;
	struct config_upstream *upstream; /* in the order of the file */
	size_t nupstream;
	struct config_route *route; /* in the order of the file; the last one takes everything */
	size_t nroute;
	struct config_client *client; /* in the order of the file */
	size_t nclient;
	struct config_queue queue;
	struct config_limits limits;
	struct config_log log;
};

struct str;

/*
 * Read and check a file.  NULL on failure; then `errors` holds one line for each
 * problem, "FILE:LINE: KEY = VALUE: what is wrong; what is allowed (see postern.conf(5))".
 * Problems are gathered, not just the first.  Does not need privileges; password files are
 * checked by secrets_load().
 */
struct config *config_load(const char *file, struct str *errors);

void config_free(struct config **config);

#endif
