/* SPDX-License-Identifier: ISC */
/*
 * key.h - the keys of postern.conf: one row for each, with its kind, default and range.
 * The grammar, the defaults, the checks and their messages all come from these rows, and a test
 * holds postern.conf(5) against them.
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum section_kind {
	SECTION_TOP, /* outside of any section */
	SECTION_LISTEN,
	SECTION_UPSTREAM,
	SECTION_ROUTE,
	SECTION_QUEUE,
	SECTION_LIMITS,
	SECTION_LOG,
	SECTION_CLIENT,
	SECTION_KINDS
};

struct section {
	const char *name;
	bool has_title; /* listen "TITLE" { }, as often as wanted; others stand once */
};

struct key {
	const char *name;
	const struct kind *kind;
	const char *fallback;  /* the default as written in a file; NULL: none, or it depends */
	const char *min, *max; /* as written in a file */
	size_t offset;         /* of the field in its section's struct */
};

/* Rows end with a name of NULL. */
extern const struct key *const config_keys[SECTION_KINDS];
extern const struct section config_sections[SECTION_KINDS];

/* NULL: the section has no such key. */
const struct key *key_find(enum section_kind section, const char *name);

/* The key (or at the top, key or section) of a name most like this one; NULL: none is near. */
const char *key_nearest(enum section_kind section, const char *name);

/* What reads a value, and what it may be. */
struct kind {
	/*
	 * Put text into the field of a record: the struct of the key's section.  Returns NULL, or
	 * what is wrong, and leaves the field alone.
	 */
	const char *(*set)(const struct key *key, const char *text, void *record);
	const char *allowed;                           /* "%min" and "%max" stand for the key's */
	bool is_list;                                  /* several values, each set() in turn */
	int (*parse)(const char *text, uint64_t *out); /* of quantities */
	const char *const *words;                      /* of an enum, in its order, then NULL */
};

extern const struct kind kind_domain, kind_host, kind_address, kind_networks, kind_mailbox,
    kind_proxy, kind_sources;
extern const struct kind kind_path, kind_file, kind_user, kind_text, kind_variable, kind_pins,
    kind_ciphers;
extern const struct kind kind_port, kind_ports, kind_number, kind_size, kind_duration, kind_rate;
extern const struct kind kind_senders, kind_recipients, kind_names, kind_priority;
extern const struct kind kind_answer, kind_balancers, kind_bare_lf, kind_mode, kind_tls,
    kind_tls_min, kind_auth;
extern const struct kind kind_pipelining, kind_long_lines, kind_target, kind_format, kind_level;

struct str;

/* Add what the key allows, in words: "a duration from 1s to 1h, such as 90s or 5m". */
void key_describe(const struct key *key, struct str *out);

#endif
