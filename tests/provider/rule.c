/* SPDX-License-Identifier: ISC */
/* rule.c - parses orders to misbehave: the table of actions, and the keys that choose a fault's
 * turns. */
#include "rule.h"

#include <stdlib.h>
#include <string.h>

#include "options.h"

static const char *const step_names[STEPS] = {
	"connect",
	"greeting",
	"ehlo",
	"ehlo2",
	"helo",
	"starttls",
	"tls",
	"auth",
	"mail",
	"rcpt",
	"data",
	"content",
	"dot",
	"bdat",
	"rset",
	"noop",
	"quit",
};

#define AT(step) (1U << (step))
#define HELLOS   (AT(STEP_EHLO) | AT(STEP_EHLO2))
#define SILENTS  (AT(STEP_CONNECT) | AT(STEP_TLS) | AT(STEP_CONTENT))
#define REPLIES  (~SILENTS)
#define ANYWHERE (~0U)

enum argument { NO_ARGUMENT, TEXT, OPTIONAL_TEXT, MILLISECONDS, OPTIONAL_MILLISECONDS };

static const struct action_row {
	const char *name;
	enum action action;
	unsigned steps;
	enum argument argument;
	unsigned long number;
	const char *text;
} action_rows[] = {
	{ "reply", ACTION_REPLY, REPLIES, TEXT, 0, NULL },
	{ "421", ACTION_421, ANYWHERE & ~AT(STEP_TLS), NO_ARGUMENT, 0, NULL },
	{ "garbage", ACTION_GARBAGE, ANYWHERE, NO_ARGUMENT, 0, NULL },
	{ "raw", ACTION_RAW, ANYWHERE, TEXT, 0, NULL },
	{ "long", ACTION_LONG, REPLIES, NO_ARGUMENT, 0, NULL },
	{ "twice", ACTION_TWICE, REPLIES, NO_ARGUMENT, 0, NULL },
	{ "omit", ACTION_OMIT, REPLIES, NO_ARGUMENT, 0, NULL },
	{ "swap", ACTION_SWAP, REPLIES, NO_ARGUMENT, 0, NULL },
	{ "endless", ACTION_ENDLESS, REPLIES, NO_ARGUMENT, 0, NULL },
	{ "endless-line", ACTION_ENDLESS_LINE, REPLIES, NO_ARGUMENT, 0, NULL },
	{ "split", ACTION_SPLIT, REPLIES, OPTIONAL_MILLISECONDS, 2, NULL },
	{ "tarpit", ACTION_TARPIT, REPLIES | AT(STEP_CONTENT), OPTIONAL_MILLISECONDS, 1000, NULL },
	{ "delay", ACTION_DELAY, ANYWHERE, MILLISECONDS, 0, NULL },
	{ "silence", ACTION_SILENCE, ANYWHERE, NO_ARGUMENT, 0, NULL },
	{ "stall", ACTION_STALL, AT(STEP_CONTENT), NO_ARGUMENT, 0, NULL },
	{ "close", ACTION_CLOSE, ANYWHERE, NO_ARGUMENT, 0, NULL },
	{ "close-before-accept", ACTION_CLOSE, AT(STEP_DOT), NO_ARGUMENT, 0, NULL },
	{ "rst", ACTION_RST, ANYWHERE, NO_ARGUMENT, 0, NULL },
	{ "no-starttls", ACTION_WITHOUT, HELLOS, NO_ARGUMENT, 0, "STARTTLS" },
	{ "no-auth", ACTION_WITHOUT, HELLOS, NO_ARGUMENT, 0, "AUTH" },
	{ "without", ACTION_WITHOUT, HELLOS, TEXT, 0, NULL },
	{ "wrong-cert", ACTION_WRONG_CERT, AT(STEP_TLS), OPTIONAL_TEXT, 0, "wrong-name" },
	{ "tls-plain", ACTION_TLS_PLAIN, AT(STEP_STARTTLS), NO_ARGUMENT, 0, NULL },
};

const char *
step_name(enum step step)
{
	return step_names[step];
}

void
rule_free(struct rule **rule)
{
	if (*rule == NULL)
		return;
	free((*rule)->fault.text);
	free((*rule)->order);
	free((*rule)->rcpt);
	free((*rule)->from);
	free(*rule);
	*rule = NULL;
}

/* Copy with \r, \n, \t, \0 and \\ turned into what they mean. */
static char *
unescape(const char *text)
{
	static const char from[] = "rnt\\", to[] = "\r\n\t\\";
	char *copy = strdup(text);
	char *out = copy;

	for (const char *in = text; copy != NULL && *in != '\0'; in++) {
		const char *known = *in == '\\' && in[1] != '\0' ? strchr(from, in[1]) : NULL;

		*out++ = known != NULL ? to[known - from] : *in;
		if (known != NULL)
			in++;
	}
	if (out != NULL)
		*out = '\0';
	return copy;
}

static int
set_number(const char *value, unsigned long *out)
{
	char *end;

	*out = strtoul(value, &end, 10);
	return *value >= '0' && *value <= '9' && *end == '\0' ? 0 : -1;
}

static int
set_probability(const char *value, double *out)
{
	char *end;

	*out = strtod(value, &end);
	return *end == '\0' && *out >= 0 && *out <= 1 ? 0 : -1;
}

static int
set_pattern(const char *value, char **out)
{
	free(*out);
	*out = strdup(value);
	return *out != NULL ? 0 : -1;
}

/* One key=value; 1 when the key is none of ours, so that text may hold commas. */
static int
set_key(struct rule *rule, const char *pair)
{
	const struct {
		const char *key;
		unsigned long *number;
		char **pattern;
	} keys[] = {
		{ "count=", &rule->count, NULL },
		{ "after=", &rule->after, NULL },
		{ "every=", &rule->every, NULL },
		{ "octets=", &rule->fault.octets, NULL },
		{ "rcpt=", NULL, &rule->rcpt },
		{ "from=", NULL, &rule->from },
		{ "probability=", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i].key);

		if (strncmp(pair, keys[i].key, len) != 0)
			continue;
		if (keys[i].number != NULL)
			return set_number(pair + len, keys[i].number);
		if (keys[i].pattern != NULL)
			return set_pattern(pair + len, keys[i].pattern);
		return set_probability(pair + len, &rule->probability);
	}
	return 1;
}

/* Take the key=value pairs off the end. */
static int
parse_keys(struct rule *rule, char *text, const char **why)
{
	char *comma;

	while ((comma = strrchr(text, ',')) != NULL) {
		int r = set_key(rule, comma + 1);

		if (r == 1)
			break;
		if (r < 0) {
			*why = "a key with a bad value";
			return -1;
		}
		*comma = '\0';
	}
	return 0;
}

static int
parse_argument(struct fault *fault, const struct action_row *row, const char *arg, const char **why)
{
	bool number = row->argument == MILLISECONDS || row->argument == OPTIONAL_MILLISECONDS;
	bool needed = row->argument == MILLISECONDS || row->argument == TEXT;

	*why = "the action's argument is missing, not a number, or too much";
	if (arg != NULL && row->argument == NO_ARGUMENT)
		return -1;
	if (arg == NULL && needed)
		return -1;
	fault->number = row->number;
	if (number)
		return arg == NULL ? 0 : set_number(arg, &fault->number);
	if (arg == NULL)
		arg = row->text;
	if (arg == NULL)
		return 0;
	if (fault->action == ACTION_WITHOUT && extension_find(arg) == 0) {
		*why = "unknown extension";
		return -1;
	}
	fault->text = unescape(arg);
	return fault->text != NULL ? 0 : -1;
}

static int
parse_action(struct fault *fault, char *text, const char **why)
{
	static const char accept[] = "accept-then-";
	char *arg;

	if (strncmp(text, accept, strlen(accept)) == 0) {
		fault->accept = true;
		text += strlen(accept);
	}
	arg = strchr(text, ':');
	if (arg != NULL)
		*arg++ = '\0';
	for (size_t i = 0; i < sizeof(action_rows) / sizeof(action_rows[0]); i++) {
		if (strcmp(text, action_rows[i].name) != 0)
			continue;
		if (!(action_rows[i].steps & AT(fault->step))) {
			*why = "the action makes no sense at this step";
			return -1;
		}
		fault->action = action_rows[i].action;
		return parse_argument(fault, &action_rows[i], arg, why);
	}
	*why = "unknown action";
	return -1;
}

static int
parse_step(struct fault *fault, const char *name, size_t len, const char **why)
{
	for (int i = 0; i < STEPS; i++) {
		if (strlen(step_names[i]) == len && strncmp(name, step_names[i], len) == 0) {
			fault->step = (enum step)i;
			return 0;
		}
	}
	*why = "unknown step";
	return -1;
}

struct rule *
rule_parse(const char *text, const char **why)
{
	struct rule *rule = calloc(1, sizeof(*rule));
	char *copy = strdup(text);
	char *equals = copy != NULL ? strchr(copy, '=') : NULL;
	bool good = false;

	*why = "not STEP=ACTION";
	if (rule != NULL && equals != NULL) {
		rule->probability = 1;
		rule->order = strdup(text);
		good = rule->order != NULL &&
		       parse_step(&rule->fault, copy, (size_t)(equals - copy), why) == 0 &&
		       parse_keys(rule, equals + 1, why) == 0 &&
		       parse_action(&rule->fault, equals + 1, why) == 0;
	}
	free(copy);
	if (!good)
		rule_free(&rule);
	return rule;
}
