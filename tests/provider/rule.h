/* SPDX-License-Identifier: ISC */
/* rule.h - one order to misbehave: a fault, with what chooses its turns (faults.c). */
#ifndef PROVIDER_RULE_H
#define PROVIDER_RULE_H

#include <sys/queue.h>

#include "faults.h"

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

/* Parse "STEP=ACTION[,key=value]..."; NULL with the reason in why. */
struct rule *rule_parse(const char *text, const char **why);
void rule_free(struct rule **rule);

#endif
