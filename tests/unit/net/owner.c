/* SPDX-License-Identifier: ISC */
/* owner.c - for tests of connections: an owner that reacts as told, and the peer's end of the
 * socket. */
#include "owner.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "unit.h"

struct event_base *base;
int fds[2];
struct owner owner;

static void
react(struct owner *o, enum reaction reaction)
{
	char buf[4096];
	int n;

	switch (reaction) {
	case KEEP:
		break;
	case ANSWER:
		evbuffer_add(conn_output(o->conn), "250 ok\r\n", 8);
		/* FALLTHROUGH */
	case TAKE:
		while ((n = evbuffer_remove(conn_input(o->conn), buf, sizeof buf)) > 0)
			str_add(&o->taken, buf, (size_t)n);
		break;
	case FREE:
		conn_free(&o->conn);
		break;
	case CLOSE:
		evbuffer_add(conn_output(o->conn), "221 bye\r\n", 9);
		conn_close(&o->conn, 2000);
		break;
	case PAUSE:
		conn_pause(o->conn);
		break;
	}
}

static void
on_input(void *ctx)
{
	struct owner *o = ctx;

	o->inputs++;
	react(o, o->on_input);
}

static void
on_drain(void *ctx)
{
	struct owner *o = ctx;

	o->drains++;
	react(o, o->on_drain);
}

static void
on_end(void *ctx, enum conn_end how, const char *why)
{
	struct owner *o = ctx;

	o->ended++;
	o->how = how;
	react(o, o->on_end);
	/* Also after the connection was freed. */
	snprintf(o->why, sizeof o->why, "%s", why);
}

static const struct conn_events events = {
	.on_input = on_input,
	.on_drain = on_drain,
	.on_end = on_end,
};

static void
begin(void (*make_pair)(int fds[2]))
{
	base = loop_new();
	make_pair(fds);
	memset(&owner, 0, sizeof owner);
	owner.on_input = TAKE;
	owner.conn = conn_new(base, fds[0], &events, &owner);
	ck_assert_ptr_nonnull(owner.conn);
}

void
set_up_unix(void)
{
	begin(pair_unix);
}

void
set_up_tcp(void)
{
	begin(pair_tcp);
}

void
tear_down(void)
{
	conn_free(&owner.conn);
	if (fds[1] >= 0)
		close(fds[1]);
	/* Lingering connections, if any, see their peer leave. */
	event_base_dispatch(base);
	event_base_free(base);
	str_free(&owner.taken);
}

void
peer_writes(const char *text)
{
	ck_assert_int_eq(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
}

void
peer_leaves(void)
{
	close(fds[1]);
	fds[1] = -1;
}

const char *
peer_reads(void)
{
	static char buf[4096];
	ssize_t n = read(fds[1], buf, sizeof buf - 1);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

size_t
fill_up(void)
{
	static const char block[64 * 1024];
	size_t total = 0;

	do {
		evbuffer_add(conn_output(owner.conn), block, sizeof block);
		total += sizeof block;
		conn_flush(owner.conn);
	} while (evbuffer_get_length(conn_output(owner.conn)) < 2 * CONN_LOW_WATER);
	return total;
}
