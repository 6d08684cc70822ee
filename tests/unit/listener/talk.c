/* SPDX-License-Identifier: ISC */
/* talk.c - see talk.h.  Client and server share one thread and one loop. */
#include "talk.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "listener/space.h"

static bool disk_is_full;

static int
probe(int fd, struct statvfs *out)
{
	(void)fd;
	*out = (struct statvfs){ .f_frsize = 4096,
		.f_bavail = disk_is_full ? 1 : 1 << 20,
		.f_files = 1000,
		.f_favail = 1000 };
	return 0;
}

void
talk_fill_disk(bool full)
{
	disk_is_full = full;
}

void
talk_setup(struct talk *talk)
{
	*talk = (struct talk){ .fd = -1 };
	signal(SIGPIPE, SIG_IGN);
	disk_is_full = false;
	talk->base = event_base_new();
	talk->config.hostname = strdup("relay.example.com");
	talk->config.domain = strdup("example.com");
	talk->config.limits = (struct config_limits){ .message_size = 1 << 20,
		.recipients = 5,
		.connections = 10,
		.connections_per_client = 10,
		.errors = 20,
		.idle_ms = 60000,
		.data_ms = 60000,
		.min_free = 1 << 20 };
	cidr_parse("127.0.0.0/8", &talk->relay_from, &(const char *){ NULL });
	talk->listen = (struct config_listen){ .name = strdup("local"),
		.relay_from = { &talk->relay_from, 1 } };
	talk->peer = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(40000),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void
on_session_end(void *ctx)
{
	((struct talk *)ctx)->session = NULL;
}

static void
on_client_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct talk *talk = ctx;
	char chunk[16384];
	ssize_t n = read(fd, chunk, sizeof chunk);

	(void)what;
	if (n > 0) {
		str_add(&talk->heard, chunk, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		talk->is_closed = true;
		event_del(talk->readable);
	}
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct talk *talk = ctx;

	(void)fd;
	(void)what;
	ck_abort_msg("nothing happens; heard: %s", talk->heard.data ? talk->heard.data : "");
}

void
talk_begin(struct talk *talk)
{
	struct timeval limit = { .tv_sec = TALK_LIMIT_MS / 1000 };
	int fds[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	talk->fd = fds[0];
	talk->writer = fake_spool_new(talk->base, &talk->spool);
	talk->env.base = talk->base;
	talk->env.config = &talk->config;
	talk->env.writer = talk->writer;
	talk->env.counters = &talk->counters;
	talk->space =
	    space_new(talk->base, -1, talk->config.limits.min_free, &talk->counters, probe);
	talk->env.space = talk->space;
	session_env_init(&talk->env);
	talk->readable =
	    event_new(talk->base, talk->fd, EV_READ | EV_PERSIST, on_client_readable, talk);
	event_add(talk->readable, NULL);
	talk->limit = evtimer_new(talk->base, on_limit, talk);
	event_add(talk->limit, &limit);
	talk->session = session_start(&talk->env, fds[1], &talk->listen, &talk->gate,
	    (struct sockaddr *)&talk->peer, sizeof talk->peer, on_session_end, talk);
	ck_assert_ptr_nonnull(talk->session);
}

void
talk_end(struct talk *talk)
{
	session_free(&talk->session);
	fake_spool_free(&talk->writer);
	space_free(&talk->space);
	session_env_clear(&talk->env);
	event_free(talk->readable);
	event_free(talk->limit);
	close(talk->fd);
	event_base_loop(talk->base, EVLOOP_NONBLOCK); /* what lingers goes */
	event_base_free(talk->base);
	str_free(&talk->heard);
	free(talk->listen.name);
	free(talk->config.hostname);
	free(talk->config.domain);
}

void
talk_send(struct talk *talk, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(talk->fd, at, len, MSG_NOSIGNAL);

		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			event_base_loop(talk->base, EVLOOP_ONCE);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}

void
talk_say(struct talk *talk, const char *text)
{
	talk_send(talk, text, strlen(text));
	talk_send(talk, "\r\n", 2);
}

void
talk_shut(struct talk *talk)
{
	shutdown(talk->fd, SHUT_WR);
}

void
talk_until(struct talk *talk, bool (*is_so)(const struct talk *talk))
{
	while (!is_so(talk))
		event_base_loop(talk->base, EVLOOP_ONCE);
}

void
talk_settle(struct talk *talk)
{
	for (int i = 0; i < 10; i++)
		event_base_loop(talk->base, EVLOOP_NONBLOCK);
}

/* Octets of the whole reply at the head of what was heard; 0: not there yet. */
static size_t
whole_reply(const struct talk *talk)
{
	size_t at = 0;

	while (at < talk->heard.len) {
		const char *line = talk->heard.data + at;
		const char *end = strstr(line, "\r\n");

		if (end == NULL)
			return 0;
		at += (size_t)(end - line) + 2;
		if (end - line < 4 || line[3] != '-')
			return at;
	}
	return 0;
}

static bool
has_reply(const struct talk *talk)
{
	return talk->is_closed || whole_reply(talk) > 0;
}

void
talk_check(const char *text, const char *pattern)
{
	struct str anchored = STR_EMPTY;
	regex_t regex;

	str_printf(&anchored, "^(%s)$", pattern);
	ck_assert_int_eq(regcomp(&regex, anchored.data, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(
	    regexec(&regex, text, 0, NULL, 0) == 0, "expected %s, heard: %s", pattern, text);
	regfree(&regex);
	str_free(&anchored);
}

const char *
talk_hear(struct talk *talk, const char *pattern)
{
	static char reply[8192];
	size_t to = 0;

	talk_until(talk, has_reply);

	size_t n = whole_reply(talk);

	ck_assert_msg(n > 0, "expected %s, but the server closed", pattern);
	ck_assert_uint_lt(n, sizeof reply);
	for (size_t i = 0; i + 2 < n; i++) {
		char c = talk->heard.data[i];

		if (c != '\r')
			reply[to++] = c == '\n' ? '|' : c;
	}
	reply[to] = '\0';
	memmove(talk->heard.data, talk->heard.data + n, talk->heard.len - n + 1);
	talk->heard.len -= n;
	talk_check(reply, pattern);
	return reply;
}

static bool
is_closed(const struct talk *talk)
{
	return talk->is_closed;
}

void
talk_hear_close(struct talk *talk)
{
	talk_until(talk, is_closed);
	ck_assert_msg(talk->heard.len == 0, "heard before the end: %s", talk->heard.data);
}

static void
say_octets(struct talk *talk, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		talk_send(talk, text + i, 1);
		event_base_loop(talk->base, EVLOOP_NONBLOCK);
	}
}

static void
say_all(struct talk *talk, const char *const *lines)
{
	struct str all = STR_EMPTY;

	for (; *lines != NULL; lines++) {
		if (strncmp(*lines, "C: ", 3) == 0) {
			str_puts(&all, *lines + 3);
			str_puts(&all, "\r\n");
		}
	}
	talk_send(talk, all.data, all.len);
	str_free(&all);
}

void
talk_run(struct talk *talk, enum talk_pace pace, const char *const *lines)
{
	if (pace == TALK_PACKET)
		say_all(talk, lines);
	for (; *lines != NULL; lines++) {
		const char *text = *lines + 3;

		if (strncmp(*lines, "S: ", 3) == 0)
			talk_hear(talk, text);
		else if (pace == TALK_LINES)
			talk_say(talk, text);
		else if (pace == TALK_OCTETS) {
			say_octets(talk, text, strlen(text));
			say_octets(talk, "\r\n", 2);
		}
	}
}

void
talk_at_all_paces(const char *const *lines)
{
	for (int pace = 0; pace < TALK_PACES; pace++) {
		struct talk talk;

		talk_setup(&talk);
		talk_begin(&talk);
		talk_hear(&talk, "220 relay.example.com ESMTP postern");
		talk_run(&talk, (enum talk_pace)pace, lines);
		talk_end(&talk);
	}
}
