/* SPDX-License-Identifier: ISC */
/* master_private.h - the master's state, for its parts: master.c, start.c, supervise.c, reload.c.
 */
#ifndef DAEMON_MASTER_PRIVATE_H
#define DAEMON_MASTER_PRIVATE_H

#include "base/log.h"
#include "daemon/generation.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/privileges.h"

struct secrets;
struct shared;
struct str;

enum master_phase {
	MASTER_STARTING, /* until both workers of the first generation serve */
	MASTER_RUNNING,
	MASTER_RELOADING, /* a new generation is on its way in */
	MASTER_STOPPING,
};

struct master {
	const struct options *options;
	const char *config_file; /* absolute when we went to the background */
	enum master_phase phase;
	int exit_status;
	struct notify notify;
	struct identity identity;
	struct inherited inherited;
	struct shared *shared;
	struct generation *generations; /* newest first */
	struct generation *current;     /* the one in force */
	struct generation *next;        /* while reloading, until its listener serves */
	int64_t started_ms;             /* real time */
	int64_t reload_limit_ms, stop_limit_ms, ping_at_ms; /* monotonic; INT64_MAX: not */
	bool reload_wanted;                                 /* once more, after this one */
	int signals, wake, lock;
	int launcher; /* the one who waits for us to go to the background; -1: nobody */
	bool is_foreground;
};

/* start.c: everything up to the first workers.  0, or an exit status and stderr tells why. */
int master_start(struct master *master);

/*
 * Read what the workers need, passwords and certificates: the secrets of the outbound worker, or
 * NULL with the problems in errors.  warnings may be NULL: the listener logs them as well.
 */
struct secrets *
master_read_files(const struct config *config, struct str *errors, struct str *warnings);

/* Where a process of this config logs to; let the master do so. */
enum log_target master_log_target(const struct master *master, const struct config *config);
void master_open_log(const struct master *master);

/* supervise.c: the workers' lives.  Times are monotonic ms. */
void supervise_reap(struct master *master, int64_t now_ms);
void supervise_hear(struct master *master, int64_t now_ms, struct process *p);
void supervise_tick(struct master *master, int64_t now_ms);
int64_t supervise_next(const struct master *master);

/* reload.c: the steps of a reload, in order; any of the first two may end in reload_refuse(). */
void reload_begin(struct master *master, int64_t now_ms);
void reload_refuse(struct master *master, const char *why, int64_t now_ms);
void reload_commit(struct master *master, int64_t now_ms);
void reload_finish(struct master *master, int64_t now_ms);

/* master.c */
void master_stop(struct master *master, int64_t now_ms, int exit_status);

#endif
