/* SPDX-License-Identifier: ISC */
/* config.c - reads a config file step by step; a problem in one step does not stop the next. */
#include "config/config.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "config/build.h"
#include "config/path.h"
#include "config/report.h"

struct config *
config_load(const char *file, struct str *errors)
{
	struct report report = { .file = file };
	struct raw raw = { .sections = NULL };
	struct config *config = xcalloc(1, sizeof *config);
	int whole = raw_read(file, &raw, &report);

	config->file = path_absolute(file);
	config_build(config, &raw, &report);
	if (whole == 0) {
		config_complete(config, &raw);
		config_check(config, &raw, &report);
	}
	if (whole < 0 || report.count > 0)
		config_free(&config);
	report_write(&report, errors);
	raw_free(&raw);
	return config;
}

static void
free_listeners(struct config *config)
{
	for (size_t i = 0; i < config->nlisten; i++) {
		free(config->listen[i].name);
		free(config->listen[i].address);
		free(config->listen[i].relay_from.network);
		free(config->listen[i].proxy_from.network);
		free(config->listen[i].tls_cert_file);
		free(config->listen[i].tls_key_file);
		free(config->listen[i].users_file);
	}
	free(config->listen);
}

static void
free_list(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->text[i]);
	free(list->text);
}

static void
free_upstreams(struct config *config)
{
	for (size_t i = 0; i < config->nupstream; i++) {
		free(config->upstream[i].name);
		free(config->upstream[i].host);
		free(config->upstream[i].ca_file);
		free(config->upstream[i].ca_dir);
		free(config->upstream[i].tls_cert_file);
		free(config->upstream[i].tls_key_file);
		free(config->upstream[i].tls_pins);
		free(config->upstream[i].tls_ciphers);
		free(config->upstream[i].username);
		free(config->upstream[i].password_file);
		free(config->upstream[i].proxy_host);
		free(config->upstream[i].proxy_username);
		free(config->upstream[i].proxy_password_file);
		free(config->upstream[i].bind4);
		free(config->upstream[i].bind6);
		free(config->upstream[i].password_env);
		free(config->upstream[i].password_command);
		free_list(&config->upstream[i].senders);
	}
	free(config->upstream);
}

static void
free_routes(struct config *config)
{
	for (size_t i = 0; i < config->nroute; i++) {
		free(config->route[i].name);
		free_list(&config->route[i].from);
		free_list(&config->route[i].to);
		free_list(&config->route[i].listen);
		free_list(&config->route[i].upstreams);
		free(config->route[i].upstream);
	}
	free(config->route);
}

static void
free_clients(struct config *config)
{
	for (size_t i = 0; i < config->nclient; i++) {
		free(config->client[i].name);
		free(config->client[i].match.network);
		free_list(&config->client[i].users);
		free_list(&config->client[i].listen);
		free_list(&config->client[i].senders);
		free_list(&config->client[i].recipients);
		free_list(&config->client[i].refuse_recipients);
	}
	free(config->client);
}

void
config_free(struct config **config)
{
	struct config *old = *config;

	if (old == NULL)
		return;
	*config = NULL;
	free_listeners(old);
	free_upstreams(old);
	free_routes(old);
	free_clients(old);
	free(old->file);
	free(old->hostname);
	free(old->domain);
	free(old->spool);
	free(old->user);
	free(old->control);
	free(old->queue.bounce_from);
	free(old);
}
