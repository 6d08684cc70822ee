/* SPDX-License-Identifier: ISC */
/*
 * reload.c - a reload is a new generation.
 *
 *   - begin: read and check the new config, bind its new addresses, start its listener; the old
 *     workers go on meanwhile;
 *   - commit: the new listener serves, and the old workers are told to leave;
 *   - finish: the old outbound is gone, and the new one serves.
 *
 * Until the commit whatever goes wrong leaves all as it was.  Reloads that are asked for meanwhile
 * become one.
 */
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "config/config.h"
#include "config/secret.h"
#include "daemon/master_private.h"
#include "daemon/report.h"

enum {
	START_MS = 30 * 1000, /* for the new listener */
	REFUSED_MS = 1000,    /* for a new listener that comes too late */
	LISTENER_MS =
	    60 * 60 * 1000,      /* for the old listener's clients; it ends them sooner itself */
	OUTBOUND_MS = 30 * 1000, /* for the replies that the old outbound waits for */
	OLD_MAX = 6, /* generations whose clients are still there: the board's slots are few */
};

static bool
is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What the spool's lock and the workers' user stand on cannot change while we run. */
static void
check_fixed(const struct config *old, const struct config *new, struct str *why)
{
	if (!is_same(old->spool, new->spool))
		str_printf(why, "%s: spool: changed from %s to %s, which needs a restart\n",
		    new->file, old->spool, new->spool);
	if (!is_same(old->user, new->user))
		str_printf(why, "%s: user: changed from %s to %s, which needs a restart\n",
		    new->file, old->user != NULL ? old->user : "(none)",
		    new->user != NULL ? new->user : "(none)");
}

/* The new generation without workers; NULL with the reasons in why. */
static struct generation *
prepare(struct master *master, struct str *why)
{
	const struct generation *current = master->current;
	struct sockets_before before = { current->config, &current->sockets };
	struct config *config = config_load(master->config_file, why);
	struct secrets *secrets = NULL;
	struct sockets sockets;

	if (config == NULL)
		return NULL;
	check_fixed(current->config, config, why);
	if (why->len == 0 && (secrets = master_read_files(config, why, NULL)) != NULL &&
	    sockets_open(&sockets, config, &before, &master->inherited, &master->identity, why) ==
		0)
		return generation_new(current->number + 1, config, &sockets, secrets);
	secrets_free(&secrets);
	config_free(&config);
	return NULL;
}

static int
count_old(const struct master *master)
{
	int count = 0;

	for (const struct generation *g = master->generations; g != NULL; g = g->older)
		count++;
	return count;
}

void
reload_begin(struct master *master, int64_t now_ms)
{
	struct str why = STR_EMPTY;

	if (master->phase != MASTER_RUNNING) {
		master->reload_wanted = true;
		return;
	}
	log_info("reloading", log_s("file", master->config_file));
	notify_reloading(&master->notify);
	master->phase = MASTER_RELOADING;
	if (count_old(master) > OLD_MAX)
		str_puts(
		    &why, "too many earlier generations still have clients: try again later\n");
	else
		master->next = prepare(master, &why);
	if (master->next == NULL) {
		/* The last line's end is not part of it. */
		str_cut(&why, why.len > 0 ? why.len - 1 : 0);
		reload_refuse(master, str_is_bad(&why) ? "out of memory" : why.data, now_ms);
	} else {
		master->next->older = master->generations;
		master->generations = master->next;
		master->next->start_at_ms[WORKER_LISTENER] = now_ms;
		master->reload_limit_ms = now_ms + START_MS;
	}
	str_free(&why);
}

/* For posternctl reload; harmless for an outbound that did not ask. */
static void
answer(const struct process *outbound, const char *text)
{
	if (outbound->pid != 0)
		channel_send(outbound->channel, CHANNEL_RELOADED, 0, text);
}

/* Go on as before. */
void
reload_refuse(struct master *master, const char *why, int64_t now_ms)
{
	struct generation *next = master->next;

	report_lines(LOG_LEVEL_ERROR, "reload_refused", why);
	answer(&master->current->process[WORKER_OUTBOUND], why);
	if (next != NULL) {
		sockets_unlink(next->config, master->current->config, &master->inherited);
		generation_stop(next, REFUSED_MS, 0, now_ms);
		master->next = NULL;
	}
	master->phase = MASTER_RUNNING;
	notify_send(&master->notify,
	    "READY=1\nSTATUS=serving with the config as it was (generation "
	    "%d); the new one is refused: %.*s",
	    (int)master->current->number, (int)strcspn(why, "\n"), why);
	reload_finish(master, now_ms);
}

void
reload_commit(struct master *master, int64_t now_ms)
{
	struct generation *old = master->current, *new = master->next;

	master->current = new;
	master->next = NULL;
	master_open_log(master);
	log_info("reloaded", log_s("file", master->config_file), log_d("generation", new->number));
	sockets_log(&new->sockets, new->config);
	sockets_unlink(old->config, new->config, &master->inherited);
	sockets_set_modes(old->config, new->config, &master->inherited);
	/* The old listener closes its own: an address that is gone refuses from now on. */
	sockets_close(&old->sockets);
	answer(&old->process[WORKER_OUTBOUND], "");
	for (int role = 0; role < WORKER_ROLES; role++)
		old->start_at_ms[role] = INT64_MAX;
	process_leave(&old->process[WORKER_LISTENER], CHANNEL_LEAVE, LISTENER_MS, now_ms);
	process_leave(&old->process[WORKER_OUTBOUND], CHANNEL_LEAVE, OUTBOUND_MS, now_ms);
	/* Starts when no other outbound lives. */
	new->start_at_ms[WORKER_OUTBOUND] = now_ms;
}

void
reload_finish(struct master *master, int64_t now_ms)
{
	if (!master->reload_wanted)
		return;
	master->reload_wanted = false;
	reload_begin(master, now_ms);
}
