/* SPDX-License-Identifier: ISC */
/*
 * faults.c - parses orders to misbehave and chooses whose turn it is.  Cleared
 * faults stay in memory, out of the list, since sessions may hold them.
 */
#include "faults.h"

#include <sys/queue.h>

#include <fnmatch.h>
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

/* A fault with what chooses its turns. */
struct rule {
	STAILQ_ENTRY(rule) link;
	struct fault fault;
	char *order; /* as it was given */
	char *rcpt;
	char *from;
	unsigned long count;
	unsigned long after;
	unsigned long every;
	double probability;
	unsigned long matched;
	unsigned long fired;
};

STAILQ_HEAD(rule_list, rule);

struct faults {
	struct rule_list rules;
	struct rule_list retired;
	unsigned seed;
};

const char *
step_name(enum step step)
{
	return step_names[step];
}

struct faults *
faults_new(unsigned seed)
{
	struct faults *faults = calloc(1, sizeof(*faults));

	if (faults == NULL)
		return NULL;
	STAILQ_INIT(&faults->rules);
	STAILQ_INIT(&faults->retired);
	faults->seed = seed;
	return faults;
}

void
faults_seed(struct faults *faults, unsigned seed)
{
	faults->seed = seed;
}

static void
rule_free(struct rule *rule)
{
	free(rule->fault.text);
	free(rule->order);
	free(rule->rcpt);
	free(rule->from);
	free(rule);
}

void
faults_free(struct faults **faults)
{
	struct rule *rule;

	if (*faults == NULL)
		return;
	faults_clear(*faults);
	while ((rule = STAILQ_FIRST(&(*faults)->retired)) != NULL) {
		STAILQ_REMOVE_HEAD(&(*faults)->retired, link);
		rule_free(rule);
	}
	free(*faults);
	*faults = NULL;
}

void
faults_clear(struct faults *faults)
{
	STAILQ_CONCAT(&faults->retired, &faults->rules);
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

int
faults_add(struct faults *faults, const char *text, const char **why)
{
	struct rule *rule = calloc(1, sizeof(*rule));
	char *copy = strdup(text);
	char *equals = copy != NULL ? strchr(copy, '=') : NULL;
	int r = -1;

	*why = "not STEP=ACTION";
	if (rule == NULL || equals == NULL)
		goto out;
	rule->probability = 1;
	rule->order = strdup(text);
	if (rule->order == NULL ||
	    parse_step(&rule->fault, copy, (size_t)(equals - copy), why) < 0 ||
	    parse_keys(rule, equals + 1, why) < 0 ||
	    parse_action(&rule->fault, equals + 1, why) < 0)
		goto out;
	STAILQ_INSERT_TAIL(&faults->rules, rule, link);
	rule = NULL;
	r = 0;
out:
	if (rule != NULL)
		rule_free(rule);
	free(copy);
	return r;
}

static bool
rule_matches(const struct rule *rule, const struct occasion *o)
{
	if (rule->fault.step != o->step)
		return false;
	if (rule->from != NULL && (o->from == NULL || fnmatch(rule->from, o->from, 0) != 0))
		return false;
	if (rule->rcpt == NULL)
		return true;
	for (size_t i = 0; i < o->n_rcpts; i++)
		if (fnmatch(rule->rcpt, o->rcpts[i], 0) == 0)
			return true;
	return false;
}

static bool
rule_fires(struct rule *rule, unsigned *seed)
{
	rule->matched++;
	if (rule->matched <= rule->after || (rule->count != 0 && rule->fired >= rule->count))
		return false;
	if (rule->every != 0 && (rule->matched - rule->after) % rule->every != 0)
		return false;
	if (rule->probability < 1 && rand_r(seed) >= rule->probability * ((double)RAND_MAX + 1))
		return false;
	rule->fired++;
	return true;
}

const struct fault *
faults_pick(struct faults *faults, const struct occasion *occasion)
{
	struct rule *rule;

	STAILQ_FOREACH(rule, &faults->rules, link)
	if (rule_matches(rule, occasion) && rule_fires(rule, &faults->seed))
		return &rule->fault;
	return NULL;
}

json_t *
faults_json(const struct faults *faults)
{
	json_t *list = json_array();
	const struct rule *rule;

	STAILQ_FOREACH(rule, &faults->rules, link)
	json_array_append_new(
	    list, json_pack("{s:s, s:I, s:I}", "fault", rule->order, "matched",
		      (json_int_t)rule->matched, "fired", (json_int_t)rule->fired));
	return list;
}

bool
fault_lets_pass(const struct fault *fault, char normal)
{
	if (fault == NULL || fault->accept)
		return true;
	switch (fault->action) {
	case ACTION_REPLY:
		return fault->text[0] == normal;
	case ACTION_LONG:
	case ACTION_SPLIT:
	case ACTION_DELAY:
	case ACTION_TARPIT:
	case ACTION_WITHOUT:
	case ACTION_TLS_PLAIN:
		return true;
	default:
		return false;
	}
}
