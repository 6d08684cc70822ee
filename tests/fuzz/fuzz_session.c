/* SPDX-License-Identifier: ISC */
/*
 * fuzz_session.c - a whole session over a socketpair, with a spool that may fail: whatever is said,
 * each reply is well-formed, and when the client leaves nothing is left.
 */
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fuzz.h"
#include "talk.h"

enum {
	HAS_BAD_COMMITS = 1,
	HAS_BAD_APPENDS = 2,
	HAS_FULL_DISK = 4,
	REFUSES_BARE = 8,
	IN_PIECES = 16
};
enum { TURNS_MAX = 1000 };

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "fuzz");
	return 0;
}

static bool
is_reply_line(const char *line, size_t len)
{
	return len >= 4 && line[0] >= '2' && line[0] <= '5' && (line[3] == ' ' || line[3] == '-') &&
	       memchr(line, '\r', len) == NULL && memchr(line, '\0', len) == NULL;
}

static void
check_replies(const struct str *heard)
{
	const char *at = heard->data, *end = heard->data + heard->len;

	while (at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		if (lf == NULL)
			return;
		must(lf > at && lf[-1] == '\r' && is_reply_line(at, (size_t)(lf - 1 - at)));
		at = lf + 1;
	}
}

/* Write all, with turns of the loop between; less, when the session ends before. */
static void
say(struct talk *talk, const uint8_t *data, size_t size, size_t step)
{
	for (size_t at = 0; at < size && talk->session != NULL;) {
		ssize_t n = write(talk->fd, data + at, size - at < step ? size - at : step);

		must(n > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
		if (n < 0 && errno != EAGAIN)
			return;
		at += n > 0 ? (size_t)n : 0;
		event_base_loop(talk->base, EVLOOP_NONBLOCK);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct talk talk;

	if (size == 0)
		return 0;
	talk_setup(&talk);
	talk.spool.commit_error = data[0] & HAS_BAD_COMMITS ? EIO : 0;
	talk.spool.append_error = data[0] & HAS_BAD_APPENDS ? ENOSPC : 0;
	talk_fill_disk(data[0] & HAS_FULL_DISK);
	talk.listen.bare_lf = data[0] & REFUSES_BARE ? BARE_LF_REJECT : BARE_LF_NORMALIZE;
	talk_begin(&talk);
	say(&talk, data + 1, size - 1, data[0] & IN_PIECES ? 7 : size);
	shutdown(talk.fd, SHUT_WR);
	for (int i = 0; i < TURNS_MAX && talk.session != NULL; i++)
		event_base_loop(talk.base, EVLOOP_NONBLOCK);
	must(talk.session == NULL);
	check_replies(&talk.heard);
	talk_end(&talk);
	return 0;
}
