/* SPDX-License-Identifier: ISC */
/* path.c - reverse-path, forward-path and ESMTP parameters, strictly. */
#include "path.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LOCAL_MAX  64
#define DOMAIN_MAX 255

static bool
is_atext(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_let_dig(unsigned char c)
{
	return isalnum(c) || c >= 0x80;
}

/* Each of these returns the octets it recognizes, 0 for none. */
static size_t
dot_string(const char *p)
{
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (is_atext((unsigned char)p[i]))
			i++;
		if (i == start)
			return 0;
		if (p[i] != '.')
			return i;
		i++;
	}
}

static size_t
quoted_string(const char *p)
{
	size_t i = 1;

	if (*p != '"')
		return 0;
	while (p[i] != '"') {
		if (p[i] == '\\')
			i++;
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			return 0;
		i++;
	}
	return i + 1;
}

static size_t
domain(const char *p)
{
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (is_let_dig((unsigned char)p[i]) || (p[i] == '-' && i > start))
			i++;
		if (i == start || p[i - 1] == '-' || i - start > 63)
			return 0;
		if (p[i] != '.')
			return i;
		i++;
	}
}

static size_t
literal(const char *p)
{
	size_t i = 1;

	if (*p != '[')
		return 0;
	while (p[i] > ' ' && p[i] < 0x7f && strchr("[\\]", p[i]) == NULL)
		i++;
	return p[i] == ']' && i > 1 ? i + 1 : 0;
}

/* "local@domain", or nothing for the null sender, or postmaster. */
static enum path_flaw
mailbox(const char *p, size_t *len, bool from)
{
	size_t local, host;

	*len = 0;
	if (*p == '>')
		return from ? PATH_GOOD : PATH_ADDRESS;
	local = *p == '"' ? quoted_string(p) : dot_string(p);
	if (local == 0)
		return PATH_ADDRESS;
	if (!from && p[local] == '>' && strncasecmp(p, "postmaster", 10) == 0 && local == 10) {
		*len = local;
		return PATH_GOOD;
	}
	if (p[local] != '@')
		return PATH_ADDRESS;
	host = p[local + 1] == '[' ? literal(p + local + 1) : domain(p + local + 1);
	if (host == 0)
		return PATH_ADDRESS;
	*len = local + 1 + host;
	return local > LOCAL_MAX || host > DOMAIN_MAX || *len > 254 ? PATH_LENGTH : PATH_GOOD;
}

/* " KEY=VALUE KEY ..." */
static enum path_flaw
parameters(const char *p, json_t *params)
{
	while (*p == ' ') {
		char key[32];
		size_t len = 0, value;

		for (p++; isalnum((unsigned char)*p) || (*p == '-' && len > 0); p++) {
			if (len == sizeof(key) - 1)
				return PATH_PARAMETER;
			key[len++] = (char)toupper((unsigned char)*p);
		}
		key[len] = '\0';
		if (len == 0 || json_object_get(params, key) != NULL)
			return PATH_PARAMETER;
		if (*p == '=')
			p++;
		else if (*p != ' ' && *p != '\0')
			return PATH_PARAMETER;
		for (value = 0; p[value] > ' ' && p[value] < 0x7f && p[value] != '='; value++)
			continue;
		if (value == 0 && p[-1] == '=')
			return PATH_PARAMETER;
		json_object_set_new(params, key, json_stringn(p, value));
		p += value;
	}
	return *p == '\0' ? PATH_GOOD : PATH_PARAMETER;
}

static bool
is_valid_utf8(const char *text)
{
	json_t *string = json_string(text);
	bool valid = string != NULL;

	json_decref(string);
	return valid;
}

enum path_flaw
path_parse(const char *arg, const char *keyword, struct path *out)
{
	size_t len = strlen(keyword);
	enum path_flaw flaw;

	out->params = NULL;
	if (strncasecmp(arg, keyword, len) != 0 || strncmp(arg + len, ":<", 2) != 0)
		return PATH_SYNTAX;
	arg += len + 2;
	flaw = mailbox(arg, &len, strcmp(keyword, "FROM") == 0);
	if (flaw == PATH_GOOD && arg[len] != '>')
		flaw = PATH_ADDRESS;
	if (flaw != PATH_GOOD)
		return flaw;
	memcpy(out->address, arg, len);
	out->address[len] = '\0';
	out->params = json_object();
	flaw = parameters(arg + len + 1, out->params);
	if (flaw == PATH_GOOD && !is_valid_utf8(out->address))
		flaw = PATH_ADDRESS;
	if (flaw != PATH_GOOD) {
		json_decref(out->params);
		out->params = NULL;
	}
	return flaw;
}

bool
path_is_utf8(const char *address)
{
	for (; *address != '\0'; address++)
		if ((unsigned char)*address >= 0x80)
			return true;
	return false;
}
