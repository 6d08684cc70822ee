/* SPDX-License-Identifier: ISC */
/* check.h - the rules between keys, by section; config_check() of build.h calls them all. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

struct config;
struct raw;
struct report;

/* No open relay, no two listeners of one address. */
void check_listeners(const struct config *config, const struct raw *raw, struct report *report);

/* A host for each, a login that is whole and never travels in the clear. */
void check_upstreams(const struct config *config, const struct raw *raw, struct report *report);

/* Names that are known, each route with a use, and a way for every message. */
void check_routes(const struct config *config, const struct raw *raw, struct report *report);

struct config_upstream;
struct raw_section;

/* Report what is wrong with an upstream's TLS. */
void check_tls(const struct raw_section *section, const struct config_upstream *upstream,
    struct report *report);

#endif
