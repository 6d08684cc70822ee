/* SPDX-License-Identifier: ISC */
/* build.h - from sections of text to struct config: values, then defaults, then rules. */
#ifndef CONFIG_BUILD_H
#define CONFIG_BUILD_H

#include "config/raw.h"

struct config;
struct config_route;
struct report;

/* Put the values into their fields, with the table's defaults for those not given. */
void config_build(struct config *config, struct raw *raw, struct report *report);

/* Set what depends on other keys or on this host. */
void config_complete(struct config *config, const struct raw *raw);

/* The rules between keys. */
void config_check(const struct config *config, const struct raw *raw, struct report *report);

/* Whether it has no criteria. */
bool route_takes_all(const struct config_route *route);

/* The raw section of the nth listener, upstream, route or client. */
const struct raw_section *raw_nth(const struct raw *raw, enum section_kind kind, size_t nth);

#endif
