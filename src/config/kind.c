/* SPDX-License-Identifier: ISC */
/* kind.c - kinds of values that are text: names, paths, addresses, networks. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cidr.h"
#include "base/parse.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "config/key.h"
#include "smtp/address.h"
#include "smtp/pattern.h"

/* The field of a key in its record. */
static char **
text_field(const struct key *key, void *record)
{
	return (char **)(void *)((char *)record + key->offset);
}

static const char *
replace(const struct key *key, const char *text, void *record)
{
	char **field = text_field(key, record);

	free(*field);
	*field = xstrdup(text);
	return NULL;
}

static bool
is_address(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* Dotted digits are a mistyped address, though the grammar of domains takes them. */
static bool
is_domain(const char *text)
{
	return smtp_domain_is_valid(text) && text[strspn(text, "0123456789.")] != '\0';
}

static const char *
set_domain(const struct key *key, const char *text, void *record)
{
	return is_domain(text) ? replace(key, text, record) : "not a domain name";
}

static const char *
set_host(const struct key *key, const char *text, void *record)
{
	if (!is_domain(text) && !is_address(text))
		return "not a host name or an IP address";
	return replace(key, text, record);
}

static const char *
set_mailbox(const struct key *key, const char *text, void *record)
{
	struct smtp_mailbox mailbox;
	const char *why;

	if (smtp_mailbox_parse(text, 0, &mailbox, &why) < 0)
		return why;
	return replace(key, text, record);
}

static bool
has_control_octets(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static const char *
check_text(const struct key *key, const char *text)
{
	if (text[0] == '\0')
		return "empty";
	if (has_control_octets(text))
		return "has control characters";
	if (key->max != NULL && strlen(text) > strtoul(key->max, NULL, 10))
		return "too long";
	return NULL;
}

static const char *
set_text(const struct key *key, const char *text, void *record)
{
	const char *why = check_text(key, text);

	return why != NULL ? why : replace(key, text, record);
}

static const char *
set_path(const struct key *key, const char *text, void *record)
{
	const char *why = check_text(key, text);

	if (why == NULL && text[0] != '/')
		why = "does not begin with /";
	return why != NULL ? why : replace(key, text, record);
}

static const char *
set_address(const struct key *key, const char *text, void *record)
{
	if (text[0] == '/')
		return set_path(key, text, record);
	return is_address(text) ? replace(key, text, record) : "not an IP address";
}

static const char *
set_variable(const struct key *key, const char *text, void *record)
{
	const char *why = check_text(key, text);
	bool is_name =
	    (text[0] < '0' || text[0] > '9') &&
	    text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] ==
		'\0';

	if (why == NULL && !is_name)
		why = "not the name of a variable";
	return why != NULL ? why : replace(key, text, record);
}

/* Names that useradd(8) would take; names in directories have dots and more. */
static const char *
set_user(const struct key *key, const char *text, void *record)
{
	size_t len = strlen(text);

	if (len == 0 || len > 256 || text[0] == '-' || strpbrk(text, " :/") != NULL ||
	    has_control_octets(text))
		return "not a user name";
	return replace(key, text, record);
}

/* One network of a list. */
static const char *
add_network(const struct key *key, const char *text, void *record)
{
	struct cidr_list *list = (void *)((char *)record + key->offset);
	struct cidr network;
	const char *why;

	if (cidr_parse(text, &network, &why) < 0)
		return why;
	list->network = xreallocarray(list->network, list->count + 1, sizeof *list->network);
	list->network[list->count++] = network;
	return NULL;
}

/* One source address of a list that has at most one of each family. */
static const char *
add_source(const struct key *key, const char *text, void *record)
{
	struct config_upstream *upstream = record;
	struct in6_addr in6;
	bool is_inet6 = inet_pton(AF_INET6, text, &in6) == 1;
	char **field = is_inet6 ? &upstream->bind6 : &upstream->bind4;

	(void)key;
	if (!is_address(text))
		return "not an IP address";
	if (is_inet6 && IN6_IS_ADDR_V4MAPPED(&in6))
		return "an IPv4 address in IPv6's clothes";
	if (*field != NULL)
		return is_inet6 ? "a second IPv6 address" : "a second IPv4 address";
	*field = xstrdup(text);
	return NULL;
}

static const char *
add_pin(const struct key *key, const char *text, void *record)
{
	struct config_upstream *upstream = record;
	struct pin pin;

	(void)key;
	if (pin_parse(text, &pin) < 0)
		return "not a SHA-256 fingerprint";
	upstream->tls_pins =
	    xreallocarray(upstream->tls_pins, upstream->ntls_pins + 1, sizeof *upstream->tls_pins);
	upstream->tls_pins[upstream->ntls_pins++] = pin;
	return NULL;
}

static void
add_text(const struct key *key, const char *text, void *record)
{
	struct config_list *list = (void *)((char *)record + key->offset);

	list->text = xreallocarray(list->text, list->count + 1, sizeof *list->text);
	list->text[list->count++] = xstrdup(text);
}

static const char *
add_sender(const struct key *key, const char *text, void *record)
{
	const char *why = smtp_pattern_check(text);

	if (why == NULL)
		add_text(key, text, record);
	return why;
}

static const char *
add_recipient(const struct key *key, const char *text, void *record)
{
	if (strcmp(text, "<>") == 0)
		return "no message goes to <>";
	return add_sender(key, text, record);
}

/* Whether the name is known shows when the whole file was read. */
static const char *
add_name(const struct key *key, const char *text, void *record)
{
	const char *why = check_text(key, text);

	if (why == NULL)
		add_text(key, text, record);
	return why;
}

/* socks5://HOST:PORT, an IPv6 address in brackets; into proxy_host and proxy_port. */
static const char *
set_proxy(const struct key *key, const char *text, void *record)
{
	static const char scheme[] = "socks5://";
	struct config_upstream *upstream = record;
	char host[256];
	uint64_t port;

	if (strncmp(text, scheme, strlen(scheme)) != 0)
		return "does not begin with socks5://";
	text += strlen(scheme);

	const char *colon = strrchr(text, ':');
	bool has_brackets = text[0] == '[' && colon != NULL && colon[-1] == ']';
	const char *begin = text + has_brackets, *end = colon == NULL ? text : colon - has_brackets;

	if (colon == NULL || parse_number(colon + 1, 1, UINT16_MAX, &port) != 0)
		return "does not end with a port";
	if (end <= begin || (size_t)(end - begin) >= sizeof host)
		return "has no host";
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	if (has_brackets != (strchr(host, ':') != NULL) || (!is_domain(host) && !is_address(host)))
		return "has no host";
	upstream->proxy_port = (uint16_t)port;
	return replace(key, host, record);
}

#define KIND(setter, text)                     \
	{                                      \
		.set = setter, .allowed = text \
	}

const struct kind kind_domain = KIND(set_domain, "a domain name, such as app1.example.com");
const struct kind kind_host =
    KIND(set_host, "a host name, such as smtp.example.com, or an IP address without brackets");
const struct kind kind_address =
    KIND(set_address, "an IPv4 or IPv6 address, such as 127.0.0.1, ::1, 0.0.0.0 or ::, or the path "
		      "of a unix socket, of at most %max octets");
const struct kind kind_mailbox =
    KIND(set_mailbox, "a mail address with its domain, such as bounces@example.com");
const struct kind kind_path = KIND(set_path, "an absolute path of at most %max octets");
const struct kind kind_file =
    KIND(set_text, "a path, absolute or relative to the directory of the config file");
const struct kind kind_text = KIND(set_text, "1 to %max octets without control characters");
const struct kind kind_variable =
    KIND(set_variable, "the name of an environment variable, such as SMTP_PASSWORD: at most %max "
		       "letters, digits and _");
const struct kind kind_user = KIND(set_user, "the name of a user of this system");
const struct kind kind_proxy = KIND(
    set_proxy, "a SOCKS5 proxy, such as socks5://proxy.example.com:1080 or socks5://[::1]:1080");
const struct kind kind_balancers = {
	.set = add_network,
	.allowed = "the addresses of your own balancers, such as 192.0.2.10 or 10.1.0.0/28",
	.is_list = true,
};
const struct kind kind_networks = {
	.set = add_network,
	.allowed = "at least one network, such as 127.0.0.0/8, 10.1.0.0/16 or 2001:db8::/48",
	.is_list = true,
};
const struct kind kind_sources = {
	.set = add_source,
	.allowed =
	    "an IPv4 address, an IPv6 address, or one of each, such as { 192.0.2.1, 2001:db8::1 }",
	.is_list = true,
};
const struct kind kind_pins = {
	.set = add_pin,
	.allowed =
	    "SHA-256 fingerprints: 64 hexadecimal digits of the certificate, with or without "
	    "colons, or sha256//BASE64 of its key",
	.is_list = true,
};
const struct kind kind_ciphers =
    KIND(set_text, "names as in openssl-ciphers(1), and suites of TLS 1.3 such as "
		   "TLS_AES_256_GCM_SHA384, at most %max octets");

#define LIST(setter, text)                                      \
	{                                                       \
		.set = setter, .allowed = text, .is_list = true \
	}

#define PATTERNS                                                                             \
	"addresses or domains, with * for any characters: user@example.com, *@example.com, " \
	"example.com or *.example.com"

const struct kind kind_senders = LIST(add_sender, PATTERNS ", or <> for the null sender");
const struct kind kind_recipients = LIST(add_recipient, PATTERNS);
const struct kind kind_names = LIST(add_name, "at least one name");
