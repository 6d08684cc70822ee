/* SPDX-License-Identifier: ISC */
/* client.c - see client.h: libcurl over a unix socket. */
#include "control/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"

enum { CONNECT_TIMEOUT_S = 10, SILENCE_MAX_S = 90, ERROR_MAX = 64 * 1024, STATUS_OK = 200 };

struct sink {
	CURL *curl;
	client_body_fn *on_body;
	void *ctx;
	struct str error; /* the body of any answer but 200 */
	bool has_given_up;
};

static size_t
on_write(char *data, size_t size, size_t count, void *ctx)
{
	struct sink *sink = ctx;
	long status = 0;

	curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == STATUS_OK)
		sink->has_given_up = sink->on_body(sink->ctx, data, size * count) == -1;
	else if (sink->error.len < ERROR_MAX)
		str_add(&sink->error, data, size * count);
	return sink->has_given_up ? 0 : size * count;
}

static int
explain(const char *socket, CURLcode result, long error, struct str *why)
{
	if (error == EACCES || error == EPERM) {
		str_printf(why,
		    "you may not talk to postern at %s: become root or a member of its group "
		    "(usually postern)",
		    socket);
		return EX_NOPERM;
	}
	if (result == CURLE_COULDNT_CONNECT)
		str_printf(why,
		    "postern is not running (nobody answers at %s): start it with `systemctl start "
		    "postern`, "
		    "see why it ended with `journalctl -u postern`",
		    socket);
	else if (result == CURLE_OPERATION_TIMEDOUT)
		str_printf(
		    why, "postern does not answer at %s: see `journalctl -u postern`", socket);
	else
		str_printf(
		    why, "the answer from %s broke off: %s", socket, curl_easy_strerror(result));
	return EX_UNAVAILABLE;
}

/* What an answer that is no 200 means, in its own words if it has some. */
static int
judge(long status, const struct str *body, struct str *why)
{
	static const struct {
		long status;
		int code;
	} codes[] = {
		{ 400, EX_CONFIG }, /* the only thing that a client can send wrong is a config to be
				       loaded: it checks a selection itself */
		{ 404, EX_NOINPUT },
		{ 409, EX_TEMPFAIL },
		{ 503, EX_TEMPFAIL },
	};
	json_t *json = json_loadb(body->len > 0 ? body->data : "", body->len, 0, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));

	if (error != NULL)
		str_puts(why, error);
	else
		str_printf(why, "the daemon's answer makes no sense (status %ld)", status);
	json_decref(json);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].status == status)
			return codes[i].code;
	return EX_SOFTWARE;
}

static void
set_options(CURL *curl, const char *socket, const char *method, struct sink *sink)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (strcmp(method, "POST") == 0)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_MAX_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
}

int
client_call(const char *socket, const char *method, const char *path, client_body_fn *on_body,
    void *ctx, struct str *why)
{
	struct sink sink = { curl_easy_init(), on_body, ctx, STR_EMPTY, false };
	struct str url = STR_EMPTY;
	long status = 0, error = 0;
	int code = EX_OSERR;

	str_printf(&url, "http://localhost%s", path);
	if (sink.curl == NULL || str_is_bad(&url)) {
		str_puts(why, "out of memory");
		goto out;
	}
	set_options(sink.curl, socket, method, &sink);
	curl_easy_setopt(sink.curl, CURLOPT_URL, url.data);

	CURLcode result = curl_easy_perform(sink.curl);

	curl_easy_getinfo(sink.curl, CURLINFO_OS_ERRNO, &error);
	curl_easy_getinfo(sink.curl, CURLINFO_RESPONSE_CODE, &status);
	if (sink.has_given_up)
		code = CLIENT_GAVE_UP;
	else if (result != CURLE_OK)
		code = explain(socket, result, error, why);
	else
		code = status == STATUS_OK ? EX_OK : judge(status, &sink.error, why);
out:
	if (sink.curl != NULL)
		curl_easy_cleanup(sink.curl);
	str_free(&sink.error);
	str_free(&url);
	return code;
}
