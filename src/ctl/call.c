/* SPDX-License-Identifier: ISC */
/* call.c - see call.h. */
#include "ctl/call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"
#include "control/client.h"

int
ctl_complain(const struct str *why, int code)
{
	fprintf(stderr, "posternctl: %s\n", why->data != NULL ? why->data : "failed");
	return code;
}

int
ctl_output_failed(int error)
{
	if (error == EPIPE)
		return EX_OK;
	fprintf(stderr, "posternctl: the output cannot be written: %s\n", strerror(error));
	return EX_IOERR;
}

static int
collect(void *ctx, const char *data, size_t len)
{
	str_add(ctx, data, len);
	return str_is_bad(ctx) ? -1 : 0;
}

int
ctl_call(const char *socket, const char *method, const char *path, json_t **json)
{
	struct str body = STR_EMPTY, why = STR_EMPTY;
	int code = client_call(socket, method, path, collect, &body, &why);

	*json = NULL;
	if (code == EX_OK &&
	    (*json = json_loadb(body.len > 0 ? body.data : "", body.len, 0, NULL)) == NULL) {
		str_puts(&why, "the daemon's answer makes no sense");
		code = EX_PROTOCOL;
	}
	if (code != EX_OK)
		ctl_complain(&why, code = code == CLIENT_GAVE_UP ? EX_OSERR : code);
	str_free(&body);
	str_free(&why);
	return code;
}

static int
copy(void *ctx, const char *data, size_t len)
{
	int *error = ctx;

	if (fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0)
		return 0;
	*error = errno;
	return -1;
}

int
ctl_copy(const char *socket, const char *path)
{
	struct str why = STR_EMPTY;
	int error = 0, code = client_call(socket, "GET", path, copy, &error, &why);

	if (code == CLIENT_GAVE_UP)
		code = ctl_output_failed(error);
	else if (code != EX_OK)
		ctl_complain(&why, code);
	str_free(&why);
	return code;
}
