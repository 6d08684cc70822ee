/* SPDX-License-Identifier: ISC */
/*
 * options.h - what the command line asks for.  The control port changes some
 * of it at run time through option_set().
 */
#ifndef PROVIDER_OPTIONS_H
#define PROVIDER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct faults;

enum port_kind { PORT_STARTTLS, PORT_IMPLICIT, PORT_PLAIN, PORT_CONTROL, PORT_KINDS };

extern const char *const port_names[PORT_KINDS];

enum extension {
	EXT_PIPELINING = 1 << 0,
	EXT_8BITMIME = 1 << 1,
	EXT_SIZE = 1 << 2,
	EXT_ENHANCEDSTATUSCODES = 1 << 3,
	EXT_CHUNKING = 1 << 4,
	EXT_SMTPUTF8 = 1 << 5,
	EXT_DSN = 1 << 6,
	EXT_STARTTLS = 1 << 7,
	EXT_AUTH = 1 << 8,
	EXT_REQUIRETLS = 1 << 9, /* only under TLS */
	EXT_MT_PRIORITY = 1 << 10,
};

/* The bit of an extension's name, in any case; 0 when there is none. */
unsigned extension_find(const char *name);

#define ADDRESSES_MAX 4
#define SECRET_MAX    256

struct options {
	const char *addresses[ADDRESSES_MAX];
	size_t n_addresses;
	int ports[PORT_KINDS]; /* -1: not asked for, 0: any free one */
	const char *ports_file;
	const char *make_ca;
	const char *ca_dir;
	const char *certificate;
	const char *cert_file;
	const char *key_file;
	const char *tls_max;
	const char *name; /* of the host, in the greeting */
	const char *user;
	char password[SECRET_MAX];
	const char *mechanisms;
	bool auth_required;
	bool auth_without_tls;
	bool ask_certificate;
	bool keep_transaction;
	unsigned extensions;
	const char *maildir;
	bool discard;
	const char *log_file;
	bool report;
	unsigned seed;
	unsigned exit_after; /* seconds; 0: never */

	/* These can be set at run time; 0: no limit. */
	unsigned long size;
	unsigned long latency; /* milliseconds */
	unsigned long messages_per_connection;
	unsigned long max_connections;
	unsigned long max_recipients;
	unsigned long max_recipients_code;
	unsigned long rate; /* messages a second */
};

/*
 * Parse the command line; faults are added to `faults`.  Prints the trouble or
 * the help and returns the exit status, or -1 to go on.
 */
int options_parse(struct options *options, struct faults *faults, int argc, char **argv);

/* Set a number that may change at run time, "latency" say; 0, or -1 for an unknown name or value.
 */
int option_set(struct options *options, const char *name, const char *value);

#endif
