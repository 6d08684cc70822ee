/* SPDX-License-Identifier: ISC */
/*
 * hostname.c - makes the host's name fully qualified without the DNS: a start must not hang for a
 * resolver that is not up yet, and providers take any valid name in EHLO.
 */
#include "config/hostname.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "smtp/address.h"

static bool
is_qualified(const char *name)
{
	return strchr(name, '.') != NULL && smtp_domain_is_valid(name);
}

/* The first qualified name of a host that also has this name; NULL: none. */
static const char *
qualified_name_of(const struct hostent *host, const char *name)
{
	const char *found = is_qualified(host->h_name) ? host->h_name : NULL;
	bool is_host = strcasecmp(host->h_name, name) == 0;

	for (char **alias = host->h_aliases; *alias != NULL; alias++) {
		is_host = is_host || strcasecmp(*alias, name) == 0;
		if (found == NULL && is_qualified(*alias))
			found = *alias;
	}
	return is_host ? found : NULL;
}

char *
hostname_qualify(const char *name)
{
	const struct hostent *host;
	const char *found = NULL;
	char *result;

	if (is_qualified(name))
		return xstrdup(name);
	if (!smtp_domain_is_valid(name))
		return xstrdup("localhost.localdomain");

	sethostent(1);
	while (found == NULL && (host = gethostent()) != NULL)
		found = qualified_name_of(host, name);
	result = found != NULL ? xstrdup(found) : xasprintf("%s.localdomain", name);
	endhostent();
	return result;
}

char *
hostname_find(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof name - 1) < 0)
		name[0] = '\0';
	return hostname_qualify(name);
}
