/* SPDX-License-Identifier: ISC */
/* auth_plain.c - the mechanisms that send the password itself: PLAIN (RFC 4616), and LOGIN. */
#include <string.h>

#include "listener/auth_private.h"

/* Take octets that are to be a text without NUL; -1: they are not. */
static int
take_text(char *out, size_t max, const char *data, size_t len)
{
	if (len == 0 || len > max || memchr(data, '\0', len) != NULL)
		return -1;
	memcpy(out, data, len);
	out[len] = '\0';
	return 0;
}

/* [authzid] NUL authcid NUL passwd; nobody acts for another. */
enum auth_step
auth_plain(struct auth *auth, const char *data, size_t len)
{
	if (data == NULL)
		return AUTH_STEP_ASK;

	const char *end = data + len, *name = memchr(data, '\0', len);
	const char *password =
	    name == NULL ? NULL : memchr(name + 1, '\0', (size_t)(end - name - 1));

	if (password == NULL ||
	    take_text(auth->name, USER_NAME_MAX, name + 1, (size_t)(password - name - 1)) < 0 ||
	    take_text(
		auth->password, AUTH_PASSWORD_MAX, password + 1, (size_t)(end - password - 1)) < 0)
		return AUTH_STEP_GARBLED;
	if (name != data && ((size_t)(name - data) != strlen(auth->name) ||
				memcmp(data, auth->name, strlen(auth->name)) != 0))
		return AUTH_STEP_WRONG;
	users_spell(auth->name);
	return AUTH_STEP_VERIFY;
}

/* Of no RFC: asks for the one, then for the other. */
enum auth_step
auth_login(struct auth *auth, const char *data, size_t len)
{
	bool has_name = auth->name[0] != '\0';

	if (data == NULL) {
		str_puts(&auth->challenge, "Username:");
		return AUTH_STEP_ASK;
	}
	if (has_name)
		return take_text(auth->password, AUTH_PASSWORD_MAX, data, len) < 0
			   ? AUTH_STEP_GARBLED
			   : AUTH_STEP_VERIFY;
	if (take_text(auth->name, USER_NAME_MAX, data, len) < 0)
		return AUTH_STEP_GARBLED;
	users_spell(auth->name);
	str_puts(&auth->challenge, "Password:");
	return AUTH_STEP_ASK;
}
