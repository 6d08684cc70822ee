/* SPDX-License-Identifier: ISC */
/* list.h - lists of a config as criteria: an empty one is met by anything. */
#ifndef CONFIG_LIST_H
#define CONFIG_LIST_H

#include <stdbool.h>

struct config;
struct config_client;
struct config_list;
struct config_listen;

/* Whether the name is one of these. */
bool config_list_names(const struct config_list *names, const char *name);

/* Whether one of the patterns means the mailbox; see smtp_pattern_means(). */
bool config_list_means(const struct config_list *patterns, const char *mailbox);

/* Whether whatever meets the other list meets this one, as far as their texts tell. */
bool config_list_covers(const struct config_list *list, const struct config_list *other);

/* Whether a client section is about this listener; whether any is. */
bool config_client_is_about(const struct config_client *client, const struct config_listen *listen);
bool config_has_clients(const struct config *config, const struct config_listen *listen);

#endif
