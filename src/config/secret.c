/* SPDX-License-Identifier: ISC */
/*
 * secret.c - passwords from a file, the environment or a command; whatever the source, what counts
 * as a password is decided in extract().  Buffers are cleansed on every way out.
 */
#include "config/secret.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "config/certificate.h"
#include "config/config.h"
#include "config/report.h"
#include "config/secret_command.h"
#include "config/secret_file.h"

enum { PROXY_PASSWORD_MAX = 255 }; /* RFC 1929 2 */
enum { PASSWORD_MAX = 4096, LINE_END_MAX = 2, BUFFER_SIZE = PASSWORD_MAX + LINE_END_MAX + 1 };

/* The password in what a source has: NULL and *why, or a string that the caller cleanses. */
static char *
extract(char *content, size_t len, const char **why)
{
	if (len > 0 && content[len - 1] == '\n') {
		len--;
		if (len > 0 && content[len - 1] == '\r')
			len--;
	}
	content[len] = '\0';
	if (len == 0)
		*why = "the password is empty";
	else if (len > PASSWORD_MAX)
		*why = "the password is longer than 4096 octets";
	else if (strlen(content) != len)
		*why = "the password has a NUL octet";
	else
		return xstrdup(content);
	return NULL;
}

static void
wipe(char *password)
{
	if (password != NULL)
		OPENSSL_cleanse(password, strlen(password));
	free(password);
}

/* NULL with the problem reported. */
static char *
load_file(const struct config_upstream *upstream, char *buffer, struct report *report)
{
	struct secret_file file = secret_file_read(upstream->password_file, buffer, BUFFER_SIZE);
	char *password = file.why == NULL ? extract(buffer, file.len, &file.why) : NULL;

	if (password == NULL && file.fix != NULL)
		report_add(report, upstream->password_line,
		    "upstream \"%s\": password_file = %s: %s; fix it with: %s %s", upstream->name,
		    file.path, file.why, file.fix, file.path);
	else if (password == NULL)
		report_add(report, upstream->password_line,
		    "upstream \"%s\": password_file = %s: %s; needed: a file that holds the "
		    "password",
		    upstream->name, file.path, file.why);
	free(file.path);
	return password;
}

static char *
load_variable(const struct config_upstream *upstream, char *buffer, struct report *report)
{
	const char *value = getenv(upstream->password_env), *why = "it is not set";
	size_t len = value == NULL ? 0 : strnlen(value, BUFFER_SIZE);
	char *password = NULL;

	if (value != NULL) {
		memcpy(buffer, value, len);
		password = extract(buffer, len, &why);
	}
	if (password == NULL)
		report_add(report, upstream->password_line,
		    "upstream \"%s\": password_env = %s: %s; needed: an environment variable that "
		    "holds the password",
		    upstream->name, upstream->password_env, why);
	return password;
}

/* The command itself is not shown: it may have a secret in it. */
static char *
load_output(
    const struct config_upstream *upstream, int64_t end_ms, char *buffer, struct report *report)
{
	struct str words = STR_EMPTY;
	const char *why = "";
	char *password = NULL;
	size_t len;

	if (secret_command_run(
		upstream->password_command, end_ms, buffer, BUFFER_SIZE, &len, &words) == 0)
		password = extract(buffer, len, &why);
	else
		why = str_is_bad(&words) ? "out of memory" : words.data;
	if (password == NULL)
		report_add(report, upstream->password_line,
		    "upstream \"%s\": password_command: %s; needed: a command that prints the "
		    "password",
		    upstream->name, why);
	str_free(&words);
	return password;
}

/* NULL: there is none, or the problem is reported.  A command has until end_ms. */
static char *
load_one(const struct config_upstream *upstream, int64_t end_ms, struct report *report)
{
	char buffer[BUFFER_SIZE + 1], *password = NULL;

	if (upstream->password_file != NULL)
		password = load_file(upstream, buffer, report);
	else if (upstream->password_env != NULL)
		password = load_variable(upstream, buffer, report);
	else if (upstream->password_command != NULL)
		password = load_output(upstream, end_ms, buffer, report);
	OPENSSL_cleanse(buffer, sizeof buffer);
	return password;
}

/* NULL: there is none, or the problem is reported. */
static struct certificate *
load_certificate(const struct config_upstream *upstream, struct report *report)
{
	struct str why = STR_EMPTY;
	struct certificate *certificate;

	if (upstream->tls_cert_file == NULL)
		return NULL;
	certificate = certificate_load(upstream->tls_cert_file, upstream->tls_key_file, &why);
	if (certificate == NULL)
		report_add(report, upstream->certificate_line,
		    "upstream \"%s\": %s; needed: a certificate and its key, in PEM",
		    upstream->name, str_is_bad(&why) ? "out of memory" : why.data);
	str_free(&why);
	return certificate;
}

/* The same for the proxy. */
static char *
load_proxy(const struct config_upstream *upstream, struct report *report)
{
	char buffer[BUFFER_SIZE + 1], *password = NULL;

	if (upstream->proxy_password_file == NULL)
		return NULL;

	struct secret_file file =
	    secret_file_read(upstream->proxy_password_file, buffer, BUFFER_SIZE);

	if (file.why == NULL)
		password = extract(buffer, file.len, &file.why);
	if (password != NULL && strlen(password) > PROXY_PASSWORD_MAX) {
		wipe(password);
		password = NULL;
		file.why = "the password is longer than 255 octets";
	}
	OPENSSL_cleanse(buffer, sizeof buffer);
	if (password == NULL)
		report_add(report, upstream->proxy_password_line,
		    "upstream \"%s\": proxy_password_file = %s: %s%s%s%s%s", upstream->name,
		    file.path, file.why,
		    file.fix != NULL ? "; fix it with: "
				     : "; needed: a file that holds the password",
		    file.fix != NULL ? file.fix : "", file.fix != NULL ? " " : "",
		    file.fix != NULL ? file.path : "");
	free(file.path);
	return password;
}

struct secrets *
secrets_load(const struct config *config, struct str *errors)
{
	struct report report = { .file = config->file };
	struct secrets *secrets = xcalloc(1, sizeof *secrets);
	int64_t end_ms = clock_mono_ms() + SECRET_COMMAND_MS;

	secrets->count = config->nupstream;
	secrets->password = xcalloc(config->nupstream + 1, sizeof *secrets->password);
	secrets->certificate = xcalloc(config->nupstream + 1, sizeof *secrets->certificate);
	secrets->proxy_password = xcalloc(config->nupstream + 1, sizeof *secrets->proxy_password);
	for (size_t i = 0; i < config->nupstream; i++) {
		secrets->password[i] = load_one(&config->upstream[i], end_ms, &report);
		secrets->certificate[i] = load_certificate(&config->upstream[i], &report);
		secrets->proxy_password[i] = load_proxy(&config->upstream[i], &report);
	}
	if (report.count > 0)
		secrets_free(&secrets);
	report_write(&report, errors);
	return secrets;
}

/* The environment is where the kernel shows it to others, so it is overwritten, not only unset. */
void
secrets_scrub_environment(const struct config *config)
{
	for (size_t i = 0; i < config->nupstream; i++) {
		const char *name = config->upstream[i].password_env;
		char *value = name == NULL ? NULL : getenv(name);

		if (value == NULL)
			continue;
		OPENSSL_cleanse(value, strlen(value));
		unsetenv(name);
	}
}

void
secrets_free(struct secrets **secrets)
{
	struct secrets *old = *secrets;

	if (old == NULL)
		return;
	*secrets = NULL;
	for (size_t i = 0; i < old->count; i++) {
		certificate_free(&old->certificate[i]);
		wipe(old->password[i]);
		wipe(old->proxy_password[i]);
	}
	free(old->certificate);
	free(old->proxy_password);
	free(old->password);
	free(old);
}
