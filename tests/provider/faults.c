/* SPDX-License-Identifier: ISC */
/*
 * faults.c - chooses whose turn it is to misbehave.  Cleared faults stay in
 * memory, out of the list, since sessions may hold them.
 */
#include "faults.h"

#include <sys/queue.h>

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"

STAILQ_HEAD(rule_list, rule);

struct faults {
	struct rule_list rules;
	struct rule_list retired;
	unsigned seed;
};

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

void
faults_free(struct faults **faults)
{
	struct rule *rule;

	if (*faults == NULL)
		return;
	faults_clear(*faults);
	while ((rule = STAILQ_FIRST(&(*faults)->retired)) != NULL) {
		STAILQ_REMOVE_HEAD(&(*faults)->retired, link);
		rule_free(&rule);
	}
	free(*faults);
	*faults = NULL;
}

void
faults_clear(struct faults *faults)
{
	STAILQ_CONCAT(&faults->retired, &faults->rules);
}

int
faults_add(struct faults *faults, const char *text, const char **why)
{
	struct rule *rule = rule_parse(text, why);

	if (rule == NULL)
		return -1;
	STAILQ_INSERT_TAIL(&faults->rules, rule, link);
	return 0;
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
	case ACTION_TWICE:
	case ACTION_OMIT:
	case ACTION_SWAP:
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
