/* SPDX-License-Identifier: ISC */
/* policy.c - see policy.h. */
#include "listener/policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cidr.h"
#include "base/str.h"
#include "config/config.h"
#include "config/list.h"

static bool
has_user(const struct config_list *users, const char *login)
{
	if (login == NULL)
		return users->count == 0;
	return config_list_names(users, login) || config_list_names(users, "*");
}

static bool
is_meant(const struct config_client *client, const struct config_listen *listen,
    const struct sockaddr *peer, const char *login)
{
	return config_client_is_about(client, listen) &&
	       (client->match.count == 0 || cidr_list_contains(&client->match, peer)) &&
	       has_user(&client->users, login);
}

/* Who may relay where no section decides. */
static bool
may_relay(const struct config *config, const struct config_listen *listen,
    const struct sockaddr *peer, const char *login)
{
	/* Its permissions say who. */
	if (peer->sa_family == AF_UNIX)
		return true;
	return cidr_list_contains(&listen->relay_from, peer) ||
	       (login != NULL && !config_has_clients(config, listen));
}

struct policy
policy_find(const struct config *config, const struct config_listen *listen,
    const struct sockaddr *peer, const char *login)
{
	for (size_t i = 0; i < config->nclient; i++) {
		const struct config_client *client = &config->client[i];

		if (is_meant(client, listen, peer, login))
			return (struct policy){ client, client->relay };
	}
	return (struct policy){ NULL, may_relay(config, listen, peer, login) };
}

const char *
policy_name(const struct policy *policy)
{
	return policy->client != NULL ? policy->client->name : "(default)";
}

uint64_t
policy_message_size(const struct policy *policy, const struct config *config)
{
	return policy->client != NULL && policy->client->message_size > 0
		   ? policy->client->message_size
		   : config->limits.message_size;
}

unsigned
policy_connections(const struct policy *policy, const struct config *config)
{
	return policy->client != NULL && policy->client->connections > 0
		   ? policy->client->connections
		   : config->limits.connections_per_client;
}

bool
policy_takes_sender(const struct policy *policy, const char *sender)
{
	return policy->client == NULL || config_list_means(&policy->client->senders, sender);
}

bool
policy_takes_recipient(const struct policy *policy, const char *recipient)
{
	const struct config_client *client = policy->client;

	if (client == NULL)
		return true;
	return config_list_means(&client->recipients, recipient) &&
	       (client->refuse_recipients.count == 0 ||
		   !config_list_means(&client->refuse_recipients, recipient));
}

void
policy_describe_senders(const struct config_list *senders, char out[POLICY_WORDS_SIZE])
{
	struct str words = STR_EMPTY;

	for (size_t i = 0; i < senders->count && words.len < POLICY_WORDS_SIZE; i++)
		str_printf(&words, "%s%s", i == 0 ? "; allowed: " : ", ", senders->text[i]);
	out[0] = '\0';
	if (!str_is_bad(&words) && words.len < POLICY_WORDS_SIZE)
		memcpy(out, words.data, words.len + 1);
	str_free(&words);
}

/* The loopback's address of the listener's family. */
static struct sockaddr_storage
this_host(const struct config_listen *listen)
{
	struct sockaddr_storage address = { 0 };

	if (strchr(listen->address, ':') != NULL)
		*(struct sockaddr_in6 *)&address =
		    (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	else
		*(struct sockaddr_in *)&address = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return address;
}

void
policy_warn(const struct config *config, struct str *out)
{
	for (size_t i = 0; i < config->nlisten; i++) {
		const struct config_listen *listen = &config->listen[i];
		const struct sockaddr_storage address = this_host(listen);
		const struct policy policy =
		    policy_find(config, listen, (const struct sockaddr *)&address, NULL);
		struct cidr host;

		if (policy.client == NULL && !policy.may_relay && !config_listen_is_unix(listen) &&
		    listen->users_file == NULL && listen->proxy_from.count == 0 &&
		    cidr_parse(listen->address, &host, &(const char *){ NULL }) == 0 &&
		    cidr_is_loopback(&host))
			str_printf(out,
			    "listen \"%s\": no client section matches this host itself, so its "
			    "mail is refused; relay_from would let it in\n",
			    listen->name);
	}
}
