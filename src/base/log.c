/* SPDX-License-Identifier: ISC */
/*
 * log.c - where lines go.  The state below is written by log_open() alone, before a process has
 * threads; a line is built on the stack of its caller and leaves in one call, so that lines never
 * mix.
 */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_journal.h"
#include "base/log_line.h"

static struct {
	enum log_target target;
	enum log_format format;
	enum log_level level;
	const char *process;
	int journal; /* connected when the target is the journal */
	bool stderr_is_journal;
} state = { .level = LOG_LEVEL_INFO, .process = "postern", .journal = -1 };

/* What the levels are for syslog(3) and the journal. */
static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* systemd names the stream it gave us as "DEVICE:INODE" (systemd.exec(5), JOURNAL_STREAM). */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void
log_open(enum log_target target, enum log_format format, enum log_level level, const char *process)
{
	if (state.journal >= 0)
		close(state.journal);
	state.journal = -1;
	if (target == LOG_TARGET_JOURNAL) {
		state.journal = log_journal_connect("/run/systemd/journal/socket");
		if (state.journal < 0)
			target = LOG_TARGET_STDERR;
	}
	if (target == LOG_TARGET_SYSLOG)
		openlog("postern", LOG_PID | LOG_NDELAY, LOG_MAIL);
	state.target = target;
	state.format = format;
	state.level = level;
	state.process = process;
	state.stderr_is_journal = is_journal(STDERR_FILENO);
}

bool
log_wants(enum log_level level)
{
	return level <= state.level;
}

static void
write_stderr(const struct log_event *event, int priority)
{
	char line[LOG_LINE_SIZE];
	size_t len;

	if (state.format == LOG_FORMAT_JSON)
		len = log_line_json(event, state.stderr_is_journal ? priority : -1, line);
	else if (state.stderr_is_journal)
		len = log_line_plain(event, priority, line);
	else
		len = log_line_text(event, line);
	/* There is nowhere left to complain to. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

static void
write_syslog(const struct log_event *event, int priority)
{
	char line[LOG_LINE_SIZE];
	size_t len = state.format == LOG_FORMAT_JSON ? log_line_json(event, -1, line)
						     : log_line_plain(event, -1, line);

	syslog(priority, "%.*s", (int)(len - 1), line);
}

/* Never blocks: a journal that is gone or full must not hold up mail, and the line goes to stderr.
 */
static bool
write_journal(const struct log_event *event, int priority)
{
	char datagram[LOG_JOURNAL_SIZE];
	size_t len = log_journal_datagram(event, priority, datagram);

	return send(state.journal, datagram, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void
log_write(enum log_level level, const char *name, const struct log_field *fields)
{
	int saved = errno, priority = priorities[level];

	if (!log_wants(level))
		return;

	const struct log_event event = { .real_ms = clock_real_ms(),
		.level = level,
		.process = state.process,
		.event = name,
		.fields = fields };

	if (state.target == LOG_TARGET_SYSLOG)
		write_syslog(&event, priority);
	else if (state.target != LOG_TARGET_JOURNAL || !write_journal(&event, priority))
		write_stderr(&event, priority);
	errno = saved;
}
