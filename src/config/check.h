/* SPDX-License-Identifier: ISC */
/* check.h - the rules between keys, by section; config_check() of build.h calls them all. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include <stdbool.h>

struct config;
struct raw;
struct report;

/* No two listeners of one address, no key without a use. */
void check_listeners(const struct config *config, const struct raw *raw, struct report *report);

/* No open relay. */
void check_relay(const struct config *config, const struct raw *raw, struct report *report);

/* Names that are known, and each client section with a use. */
void check_clients(const struct config *config, const struct raw *raw, struct report *report);

/* A host for each, a login that is whole and never travels in the clear. */
void check_upstreams(const struct config *config, const struct raw *raw, struct report *report);

/* Names that are known, each route with a use, and a way for every message. */
void check_routes(const struct config *config, const struct raw *raw, struct report *report);

struct config_listen;
struct config_upstream;
struct raw_section;

/* Whether no other host reaches it. */
bool check_is_on_this_host(const struct config_listen *listen);

/* Report each value of a key, "listen" or "upstreams", that names none. */
void check_known(const struct config *config, const struct raw_section *section, const char *key,
    struct report *report);

/* Report what is wrong with an upstream's TLS. */
void check_tls(const struct raw_section *section, const struct config_upstream *upstream,
    struct report *report);

#endif
