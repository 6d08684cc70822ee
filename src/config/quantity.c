/* SPDX-License-Identifier: ISC */
/* quantity.c - kinds of values that are numbers, or one word of a few. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "config/config.h"
#include "config/key.h"

static void *
field_of(const struct key *key, void *record)
{
	return (char *)record + key->offset;
}

static int
parse_plain(const char *text, uint64_t *out)
{
	return parse_number(text, 0, UINT64_MAX, out);
}

/* Permissions, in octal as chmod(1) takes them. */
static int
parse_mode(const char *text, uint64_t *out)
{
	size_t len = strlen(text);

	if (len == 0 || len > 8 || text[strspn(text, "01234567")] != '\0')
		return -1;
	*out = strtoull(text, NULL, 8);
	return 0;
}

/* Read a quantity; the key's bounds are written as its values are.  NULL, or what is wrong. */
static const char *
parse_within(const struct key *key, const char *text, uint64_t *out)
{
	uint64_t min = 0, max = 0;

	if (key->kind->parse(text, out) < 0)
		return text[strspn(text, "0123456789")] == '\0' && text[0] != '\0'
			   ? "too large"
			   : "cannot be read";
	key->kind->parse(key->min, &min);
	key->kind->parse(key->max, &max);
	if (*out < min)
		return "too small";
	return *out > max ? "too large" : NULL;
}

static const char *
set_number(const struct key *key, const char *text, void *record)
{
	uint64_t number;
	const char *why = parse_within(key, text, &number);

	if (why == NULL)
		*(unsigned *)field_of(key, record) = (unsigned)number;
	return why;
}

static const char *
set_port(const struct key *key, const char *text, void *record)
{
	uint64_t number;
	const char *why = parse_within(key, text, &number);

	if (why == NULL)
		*(uint16_t *)field_of(key, record) = (uint16_t)number;
	return why;
}

/* One port of a list; how TLS begins there is worked out in complete.c. */
static const char *
add_port(const struct key *key, const char *text, void *record)
{
	struct config_upstream *upstream = record;
	uint64_t number;
	const char *why = parse_within(key, text, &number);

	if (why != NULL)
		return why;
	if (upstream->nports == CONFIG_PORTS_MAX)
		return "too many ports";
	for (size_t i = 0; i < upstream->nports; i++)
		if (upstream->ports[i].number == number)
			return "given twice";
	upstream->ports[upstream->nports++].number = (uint16_t)number;
	return NULL;
}

/* Sizes and durations. */
static const char *
set_large(const struct key *key, const char *text, void *record)
{
	uint64_t number;
	const char *why = parse_within(key, text, &number);

	if (why == NULL)
		*(uint64_t *)field_of(key, record) = number;
	return why;
}

static const char *
set_rate(const struct key *key, const char *text, void *record)
{
	struct rate rate;

	if (parse_rate(text, &rate) < 0)
		return "not a rate";
	*(struct rate *)field_of(key, record) = rate;
	return NULL;
}

/* One digit, as the key's bounds are. */
static const char *
set_priority(const struct key *key, const char *text, void *record)
{
	bool is_negative = text[0] == '-';
	const char *digits = text + is_negative;
	size_t len = strspn(digits, "0123456789");

	if (len == 0 || digits[len] != '\0')
		return "not a number";
	if (len > 1)
		return is_negative ? "too small" : "too large";
	*(struct config_priority *)field_of(key, record) = (struct config_priority){
		.is_set = true,
		.value = is_negative ? '0' - digits[0] : digits[0] - '0',
	};
	return NULL;
}

/* Set an enum to the place of text among the words of its kind. */
static const char *
set_word(const struct key *key, const char *text, void *record)
{
	const char *const *words = key->kind->words;

	for (unsigned i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0) {
			*(unsigned *)field_of(key, record) = i;
			return NULL;
		}
	return "not known";
}

static const char *const answer_words[] = { "no", "yes", NULL };

static const char *
set_answer(const struct key *key, const char *text, void *record)
{
	bool is_yes = strcmp(text, "yes") == 0;

	if (!is_yes && strcmp(text, "no") != 0)
		return "not known";
	*(bool *)field_of(key, record) = is_yes;
	return NULL;
}

static const char *const tls_words[] = {
	[TLS_NONE] = "none", [TLS_STARTTLS] = "starttls", [TLS_IMPLICIT] = "implicit", NULL
};
static const char *const bare_lf_words[] = {
	[BARE_LF_NORMALIZE] = "normalize", [BARE_LF_REJECT] = "reject", NULL
};
static const char *const tls_min_words[] = { [TLS_LEAST_1_2] = "1.2",
	[TLS_LEAST_1_3] = "1.3",
	[TLS_LEAST_1_1] = "1.1",
	[TLS_LEAST_1_0] = "1.0",
	NULL };
static const char *const auth_words[] = { [AUTH_AUTO] = "auto",
	[AUTH_PLAIN] = "plain",
	[AUTH_LOGIN] = "login",
	[AUTH_CRAM_MD5] = "cram-md5",
	[AUTH_SCRAM_SHA_1] = "scram-sha-1",
	[AUTH_SCRAM_SHA_256] = "scram-sha-256",
	[AUTH_SCRAM_SHA_1_PLUS] = "scram-sha-1-plus",
	[AUTH_SCRAM_SHA_256_PLUS] = "scram-sha-256-plus",
	[AUTH_EXTERNAL] = "external",
	NULL };
static const char *const pipelining_words[] = { [PIPELINING_OFF] = "off",
	[PIPELINING_ENVELOPE] = "envelope",
	[PIPELINING_STREAM] = "stream",
	NULL };
static const char *const long_lines_words[] = { [LONG_LINES_ENCODE] = "encode",
	[LONG_LINES_KEEP] = "keep",
	[LONG_LINES_FORCE] = "force",
	NULL };
static const char *const target_words[] = { [LOG_TARGET_STDERR] = "stderr",
	[LOG_TARGET_SYSLOG] = "syslog",
	[LOG_TARGET_JOURNAL] = "journal",
	NULL };
static const char *const format_words[] = {
	[LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json", NULL
};
static const char *const level_words[] = { [LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL };

#define QUANTITY(setter, parser, text)                          \
	{                                                       \
		.set = setter, .allowed = text, .parse = parser \
	}
#define WORD(list, text)                                        \
	{                                                       \
		.set = set_word, .allowed = text, .words = list \
	}

const struct kind kind_number = QUANTITY(set_number, parse_plain, "a number from %min to %max");
const struct kind kind_port = QUANTITY(set_port, parse_plain, "a port number from %min to %max");
const struct kind kind_ports = {
	.set = add_port,
	.allowed = "at most 8 different port numbers from %min to %max, such as 587, 465, 2525",
	.parse = parse_plain,
	.is_list = true,
};
const struct kind kind_size =
    QUANTITY(set_large, parse_size, "a size from %min to %max, such as 512K or 50M");
const struct kind kind_duration =
    QUANTITY(set_large, parse_duration, "a duration from %min to %max, such as 90s, 5m or 1h30m");
const struct kind kind_rate = { .set = set_rate,
	.allowed = "a rate, such as 14/s, 30/m, 500/h or 2000/d" };
const struct kind kind_priority = { .set = set_priority, .allowed = "a number from %min to %max" };
const struct kind kind_mode =
    QUANTITY(set_number, parse_mode, "permissions in octal from %min to %max, such as 0660");
const struct kind kind_answer = {
	.set = set_answer, .allowed = "yes or no", .words = answer_words
};
const struct kind kind_tls = WORD(tls_words, "starttls, implicit or none");
const struct kind kind_bare_lf = WORD(bare_lf_words, "normalize or reject");
const struct kind kind_tls_min = WORD(tls_min_words, "1.0, 1.1, 1.2 or 1.3");
const struct kind kind_auth =
    WORD(auth_words, "auto, plain, login, cram-md5, scram-sha-1, scram-sha-256, scram-sha-1-plus, "
		     "scram-sha-256-plus or external");
const struct kind kind_pipelining = WORD(pipelining_words, "stream, envelope or off");
const struct kind kind_long_lines = WORD(long_lines_words, "encode, keep or force");
const struct kind kind_target = WORD(target_words, "stderr, syslog or journal");
const struct kind kind_format = WORD(format_words, "text or json");
const struct kind kind_level = WORD(level_words, "error, warning, info or debug");
