/* SPDX-License-Identifier: ISC */
/* list.c - see list.h. */
#include "config/list.h"

#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "smtp/pattern.h"

bool
config_list_names(const struct config_list *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->text[i], name) == 0)
			return true;
	return names->count == 0;
}

bool
config_list_means(const struct config_list *patterns, const char *mailbox)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (smtp_pattern_means(patterns->text[i], mailbox))
			return true;
	return patterns->count == 0;
}

bool
config_list_covers(const struct config_list *list, const struct config_list *other)
{
	if (list->count == 0)
		return true;
	for (size_t i = 0; i < other->count; i++) {
		size_t j = 0;

		while (j < list->count && strcasecmp(list->text[j], other->text[i]) != 0)
			j++;
		if (j == list->count)
			return false;
	}
	return other->count > 0;
}

bool
config_client_is_about(const struct config_client *client, const struct config_listen *listen)
{
	return config_list_names(&client->listen, listen->name);
}

bool
config_has_clients(const struct config *config, const struct config_listen *listen)
{
	for (size_t i = 0; i < config->nclient; i++)
		if (config_client_is_about(&config->client[i], listen))
			return true;
	return false;
}
