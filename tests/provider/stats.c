/* SPDX-License-Identifier: ISC */
/* stats.c - counters and the list of violations; the list is bounded, the counts are not. */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

#include "eventlog.h"

#define VIOLATIONS_MAX 1000
#define KINDS_MAX      64
#define COMMANDS_MAX   32

static const char *const names[COUNTERS] = {
	"connections",
	"connections_total",
	"connections_max",
	"tls_handshakes",
	"tls_resumed",
	"tls_failed",
	"auth_ok",
	"auth_failed",
	"transactions",
	"messages",
	"recipients",
	"bytes",
	"refused_messages",
	"refused_recipients",
	"quits",
};

struct tally {
	const char *name;
	unsigned long n;
};

struct stats {
	unsigned long counters[COUNTERS];
	double first_message;
	double last_message;
	struct tally commands[COMMANDS_MAX];
	struct tally kinds[KINDS_MAX];
	unsigned long violations;
	json_t *list;
};

struct stats *
stats_new(void)
{
	struct stats *stats = calloc(1, sizeof(*stats));

	if (stats != NULL)
		stats->list = json_array();
	return stats;
}

void
stats_free(struct stats **stats)
{
	if (*stats == NULL)
		return;
	json_decref((*stats)->list);
	free(*stats);
	*stats = NULL;
}

void
stats_reset(struct stats *stats)
{
	unsigned long now = stats->counters[COUNT_CONNECTIONS];
	json_t *list = stats->list;

	json_array_clear(list);
	*stats = (struct stats){ .list = list };
	stats->counters[COUNT_CONNECTIONS] = now;
	stats->counters[COUNT_CONNECTIONS_MAX] = now;
}

void
stats_add(struct stats *stats, enum counter counter, unsigned long n)
{
	stats->counters[counter] += n;
}

unsigned long
stats_get(const struct stats *stats, enum counter counter)
{
	return stats->counters[counter];
}

void
stats_connected(struct stats *stats)
{
	unsigned long now = ++stats->counters[COUNT_CONNECTIONS];

	stats->counters[COUNT_CONNECTIONS_TOTAL]++;
	if (now > stats->counters[COUNT_CONNECTIONS_MAX])
		stats->counters[COUNT_CONNECTIONS_MAX] = now;
}

void
stats_disconnected(struct stats *stats)
{
	stats->counters[COUNT_CONNECTIONS]--;
}

void
stats_message(struct stats *stats, double now, unsigned long recipients, unsigned long octets)
{
	stats->counters[COUNT_MESSAGES]++;
	stats->counters[COUNT_RECIPIENTS] += recipients;
	stats->counters[COUNT_BYTES] += octets;
	if (stats->first_message <= 0)
		stats->first_message = now;
	stats->last_message = now;
}

void
stats_command(struct stats *stats, unsigned row, const char *name)
{
	if (row >= COMMANDS_MAX)
		return;
	stats->commands[row].name = name;
	stats->commands[row].n++;
}

void
stats_violation(struct stats *stats, const char *kind, const char *detail, unsigned long connection)
{
	stats->violations++;
	for (size_t i = 0; i < KINDS_MAX; i++) {
		struct tally *tally = &stats->kinds[i];

		if (tally->name != NULL && strcmp(tally->name, kind) != 0)
			continue;
		tally->name = kind;
		tally->n++;
		break;
	}
	if (json_array_size(stats->list) < VIOLATIONS_MAX)
		json_array_append_new(
		    stats->list, json_pack("{s:s, s:o, s:I}", "kind", kind, "detail",
				     json_text(detail), "connection", (json_int_t)connection));
}

static json_t *
tallies_json(const struct tally *tallies, size_t n)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++)
		if (tallies[i].name != NULL)
			json_object_set_new(
			    object, tallies[i].name, json_integer((json_int_t)tallies[i].n));
	return object;
}

json_t *
stats_json(const struct stats *stats)
{
	json_t *object = json_object();

	for (size_t i = 0; i < COUNTERS; i++)
		json_object_set_new(object, names[i], json_integer((json_int_t)stats->counters[i]));
	json_object_set_new(object, "first_message", json_real(stats->first_message));
	json_object_set_new(object, "last_message", json_real(stats->last_message));
	json_object_set_new(object, "commands", tallies_json(stats->commands, COMMANDS_MAX));
	json_object_set_new(object, "violations", json_integer((json_int_t)stats->violations));
	json_object_set_new(object, "violation_kinds", tallies_json(stats->kinds, KINDS_MAX));
	json_object_set(object, "violation_list", stats->list);
	return object;
}
