/* SPDX-License-Identifier: ISC */
/*
 * start.c - the master's start, step by step; each step can end it with a status of sysexits.h.
 * The log is opened last: until then every complaint goes to the stderr of whoever starts us.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "config/config.h"
#include "config/secret.h"
#include "daemon/background.h"
#include "daemon/master.h"
#include "daemon/master_private.h"
#include "daemon/shared.h"
#include "listener/gate.h"
#include "net/listen.h"
#include "spool/spool.h"

/* How long the workers of a master that was killed are waited for, and how often looked for. */
enum { ORPHANS_MS = 15000, ORPHANS_LOOK_MS = 100 };

static void
complain(struct str *why)
{
	fputs(str_is_bad(why) ? "posternd: out of memory\n" : why->data, stderr);
	str_free(why);
}

/* NULL after complaining. */
static struct config *
load(const char *file)
{
	struct str why = STR_EMPTY;
	struct config *config = config_load(file, &why);

	if (config == NULL)
		complain(&why);
	str_free(&why);
	return config;
}

/* Who may not read a file with a secret checks the rest. */
static bool
may_read(const char *file)
{
	if (file == NULL || access(file, R_OK) == 0 || errno != EACCES)
		return true;
	fprintf(stderr, "%s: not checked: you may not read it\n", file);
	return false;
}

static bool
may_read_secrets(const struct config *config)
{
	bool may = true;

	for (size_t i = 0; i < config->nupstream; i++) {
		may = may_read(config->upstream[i].password_file) && may;
		may = may_read(config->upstream[i].tls_key_file) && may;
	}
	for (size_t i = 0; i < config->nlisten; i++) {
		may = may_read(config->listen[i].tls_key_file) && may;
		may = may_read(config->listen[i].users_file) && may;
	}
	return may;
}

struct secrets *
master_read_files(const struct config *config, struct str *errors, struct str *warnings)
{
	struct str ignored = STR_EMPTY;
	struct secrets *secrets = secrets_load(config, errors);

	if (gates_check(config, errors, warnings != NULL ? warnings : &ignored) != 0)
		secrets_free(&secrets);
	str_free(&ignored);
	return secrets;
}

/* 0, or -1 with the problems in errors. */
static int
check_files(const struct config *config, struct str *errors, struct str *warnings)
{
	struct secrets *secrets = master_read_files(config, errors, warnings);
	int result = secrets != NULL ? 0 : -1;

	secrets_free(&secrets);
	return result;
}

static int
find_identity(const struct config *config, struct identity *identity)
{
	const char *why = "";

	if (identity_find(config->user, identity, &why) == 0)
		return 0;
	fprintf(stderr,
	    "%s: user = %s: %s; needed: a user of this system but root, such as systemd-sysusers "
	    "makes of sysusers.d/postern.conf (see postern.conf(5))\n",
	    config->file, config->user, why);
	return EX_NOUSER;
}

int
master_check(const struct options *options)
{
	struct config *config = load(options->file);
	struct str why = STR_EMPTY, warnings = STR_EMPTY;
	struct identity unused;
	int status = EX_OK;

	if (config == NULL)
		return EX_CONFIG;
	/* It may be checked before there is the user, as when an image is made. */
	(void)find_identity(config, &unused);
	if (may_read_secrets(config) && check_files(config, &why, &warnings) != 0) {
		complain(&why);
		status = EX_CONFIG;
	} else {
		printf("%s: OK\n", options->file);
	}
	if (warnings.len > 0)
		fputs(warnings.data, stderr);
	str_free(&warnings);
	str_free(&why);
	config_free(&config);
	return status;
}

enum log_target
master_log_target(const struct master *master, const struct config *config)
{
	if (master->options->is_foreground)
		return LOG_TARGET_STDERR;
	if (!master->is_foreground && config->log.target == LOG_TARGET_STDERR)
		return LOG_TARGET_SYSLOG;
	return config->log.target;
}

void
master_open_log(const struct master *master)
{
	const struct config *config = master->current->config;

	log_open(
	    master_log_target(master, config), config->log.format, config->log.level, "master");
}

/* A service manager wants to see us stay. */
static int
go_to_background(struct master *master)
{
	master->launcher = -1;
	master->is_foreground = master->options->is_foreground || master->notify.fd >= 0;
	if (master->is_foreground)
		return 0;
	/* Whatever a shell or a script had open is none of ours. */
	if (master->inherited.count == 0)
		closefrom(STDERR_FILENO + 1);
	master->launcher = background_enter();
	if (master->launcher >= 0)
		return 0;
	fprintf(stderr, "posternd: cannot go to the background: %s\n", strerror(errno));
	return EX_OSERR;
}

static int
open_signals(void)
{
	static const int wanted[] = { SIGHUP, SIGTERM, SIGINT, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log that may not grow must not end us */
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Each client and each upstream connection is a descriptor. */
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
open_resources(struct master *master)
{
	umask(077);
	raise_limits();
	master->shared = shared_new();
	master->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	master->signals = open_signals();
	if (master->shared != NULL && master->wake >= 0 && master->signals >= 0)
		return 0;
	fprintf(stderr, "posternd: cannot start: %s\n", strerror(errno));
	return EX_OSERR;
}

static int
lock_spool(struct master *master, const struct config *config)
{
	const struct identity *identity = &master->identity;
	const char *why = "";

	for (unsigned waited = 0; waited < ORPHANS_MS; waited += ORPHANS_LOOK_MS) {
		master->lock = spool_lock(config->spool, identity->uid, identity->gid, &why);
		if (master->lock >= 0)
			return 0;
		if (errno != EBUSY)
			break;
		(void)poll(NULL, 0, ORPHANS_LOOK_MS);
	}

	int error = errno;

	fprintf(stderr, "posternd: spool %s: %s\n", config->spool, why);
	if (error == EWOULDBLOCK || error == EBUSY)
		return EX_TEMPFAIL;
	return error == EACCES || error == EPERM ? EX_NOPERM : EX_OSERR;
}

/* Were a number given out that a file bears, its segment could be taken for the new one. */
static int
number_segments(struct master *master, const struct config *config)
{
	uint64_t last;

	if (spool_last_segment(config->spool, &last) == 0) {
		atomic_store(&master->shared->board.next_segment, last + 1);
		return 0;
	}
	fprintf(stderr, "posternd: spool %s: cannot number its segments: %s\n", config->spool,
	    strerror(errno));
	return EX_OSERR;
}

static int
open_sockets(struct master *master, const struct config *config, struct sockets *sockets)
{
	struct str why = STR_EMPTY;
	int status =
	    sockets_open(sockets, config, NULL, &master->inherited, &master->identity, &why);

	if (status != 0)
		complain(&why);
	str_free(&why);
	return status;
}

static int
read_secrets(const struct config *config, struct secrets **secrets)
{
	struct str why = STR_EMPTY;

	if ((*secrets = master_read_files(config, &why, NULL)) != NULL)
		return 0;
	complain(&why);
	return EX_CONFIG;
}

/* The first generation, with both workers due at once. */
static void
begin(struct master *master, struct config *config, const struct sockets *sockets,
    struct secrets *secrets)
{
	int64_t now = clock_mono_ms();

	master->started_ms = clock_real_ms();
	master->stop_limit_ms = master->reload_limit_ms = INT64_MAX;
	master->ping_at_ms = master->notify.watchdog_ms > 0 ? now : INT64_MAX;
	master->current = generation_new(1, config, sockets, secrets);
	master->current->start_at_ms[WORKER_LISTENER] = now;
	master->current->start_at_ms[WORKER_OUTBOUND] = now;
	master->generations = master->current;
	master_open_log(master);
	log_info("starting", log_s("version", PACKAGE_VERSION), log_s("config", config->file),
	    log_s("spool", config->spool), log_d("pid", getpid()));
	sockets_log(sockets, config);
}

int
master_start(struct master *master)
{
	struct config *config = load(master->config_file);
	struct secrets *secrets = NULL;
	struct sockets sockets;
	int status;

	if (config == NULL)
		return EX_CONFIG;
	notify_open(&master->notify);
	master->inherited.count = listen_inherited(master->inherited.fd, SOCKETS_INHERITED_MAX);
	if ((status = find_identity(config, &master->identity)) == 0 &&
	    (status = read_secrets(config, &secrets)) == 0 &&
	    (status = go_to_background(master)) == 0 && (status = open_resources(master)) == 0 &&
	    (status = lock_spool(master, config)) == 0 &&
	    (status = number_segments(master, config)) == 0 &&
	    (status = open_sockets(master, config, &sockets)) == 0) {
		begin(master, config, &sockets, secrets);
	} else {
		secrets_free(&secrets);
		config_free(&config);
	}
	return status;
}
