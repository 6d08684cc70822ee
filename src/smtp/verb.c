/* SPDX-License-Identifier: ISC */
/* verb.c - the names of the verbs, from the list in the header. */
#include "smtp/verb.h"

#include <string.h>
#include <strings.h>

static const char *const names[SMTP_VERB_COUNT] = { [SMTP_VERB_UNKNOWN] = "?",
#define X(name) [SMTP_VERB_##name] = #name,
	SMTP_VERBS(X)
#undef X
};

enum smtp_verb
smtp_verb_find(const char *word, size_t len)
{
	for (unsigned verb = SMTP_VERB_UNKNOWN + 1; verb < SMTP_VERB_COUNT; verb++)
		if (strlen(names[verb]) == len && strncasecmp(names[verb], word, len) == 0)
			return (enum smtp_verb)verb;
	return SMTP_VERB_UNKNOWN;
}

const char *
smtp_verb_name(enum smtp_verb verb)
{
	return names[verb];
}
