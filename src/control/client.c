/* SPDX-License-Identifier: ISC */
/* client.c - see client.h: libcurl over a unix socket. */
#include "control/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"

enum { CONNECT_TIMEOUT_S = 10, SILENCE_MAX_S = 90 };

struct sink {
	client_body_fn *on_body;
	void *ctx;
};

static size_t
on_write(char *data, size_t size, size_t count, void *ctx)
{
	const struct sink *sink = ctx;

	return sink->on_body(sink->ctx, data, size * count) == 0 ? size * count : 0;
}

static void
explain(const char *socket, CURLcode result, long error, struct str *why, int *exit_code)
{
	*exit_code = EX_UNAVAILABLE;
	if (error == EACCES || error == EPERM) {
		*exit_code = EX_NOPERM;
		str_printf(why,
		    "you may not talk to postern at %s: become root or a member of its group "
		    "(usually postern)",
		    socket);
	} else if (result == CURLE_COULDNT_CONNECT) {
		str_printf(why,
		    "postern is not running (nobody answers at %s): start it with `systemctl start "
		    "postern`, "
		    "see why it ended with `journalctl -u postern`",
		    socket);
	} else if (result == CURLE_OPERATION_TIMEDOUT) {
		str_printf(
		    why, "postern does not answer at %s: see `journalctl -u postern`", socket);
	} else {
		str_printf(
		    why, "the answer from %s broke off: %s", socket, curl_easy_strerror(result));
	}
}

long
client_call(const char *socket, const char *method, const char *path, client_body_fn *on_body,
    void *ctx, struct str *why, int *exit_code)
{
	struct sink sink = { on_body, ctx };
	struct str url = STR_EMPTY;
	CURL *curl = curl_easy_init();
	long status = -1, error = 0;

	*exit_code = EX_OSERR;
	str_printf(&url, "http://localhost%s", path);
	if (curl == NULL || str_is_bad(&url)) {
		str_puts(why, "out of memory");
		goto out;
	}
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url.data);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (strcmp(method, "POST") == 0)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_MAX_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);

	CURLcode result = curl_easy_perform(curl);

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	if (result == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	else
		explain(socket, result, error, why, exit_code);
out:
	if (curl != NULL)
		curl_easy_cleanup(curl);
	str_free(&url);
	return status;
}

int
client_exit_code(long status)
{
	static const struct {
		long status;
		int code;
	} codes[] = {
		{ 200, EX_OK },
		{ 400, EX_CONFIG }, /* the only thing that a client can send wrong is a config to be
				       loaded */
		{ 404, EX_NOINPUT },
		{ 409, EX_TEMPFAIL },
		{ 503, EX_TEMPFAIL },
	};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].status == status)
			return codes[i].code;
	return EX_SOFTWARE;
}
