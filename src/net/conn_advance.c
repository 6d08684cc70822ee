/* SPDX-License-Identifier: ISC */
/*
 * conn_advance.c - a connection's events: when to read, to write and to call the owner.
 * The owner may free or close the connection in any callback: after each call only conn->life may
 * be looked at until that says it is still there, and `busy` keeps the struct so long. Nothing
 * calls the owner back from within a call of the owner: such things wait for the `wake` event.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/conn_private.h"
#include "net/tls.h"

enum { READ_BUDGET = 64 * 1024 }; /* for one turn of the loop: others are to be served as well */

/* Between enter and leave the struct outlives whatever the owner does. */
static void
enter(struct conn *conn)
{
	conn->busy++;
}

static void
leave(struct conn *conn)
{
	if (--conn->busy == 0 && conn->life == CONN_DEAD)
		free(conn);
}

/* Call the owner, then let its output go. */
static void
call(struct conn *conn, void (*callback)(void *ctx))
{
	if (callback == NULL)
		return;
	callback(conn->ctx);
	if (conn_is_alive(conn))
		conn_write_out(conn);
}

/* The first reason counts. */
static void
set_end(struct conn *conn, enum conn_end how, const char *why)
{
	if (conn->life != CONN_OPEN)
		return;
	conn->life = CONN_ENDING;
	conn->how = how;
	str_cut(&conn->why, 0);
	str_puts(&conn->why, why);
}

static void
set_end_tls(struct conn *conn)
{
	struct str why = STR_EMPTY;

	tls_explain(conn->io.ssl, &why);
	set_end(conn, CONN_END_TLS, str_is_bad(&why) || why.len == 0 ? "TLS failed" : why.data);
	str_free(&why);
}

static void
tell_end(struct conn *conn)
{
	/* The owner may free the connection and then log why. */
	struct str why = conn->why;

	conn->why = (struct str)STR_EMPTY;
	conn->life = CONN_ENDED;
	conn->deadline = 0;
	event_del(&conn->timer);
	conn_want_read(conn, false);
	conn->events->on_end(conn->ctx, conn->how, str_is_bad(&why) ? "" : why.data);
	str_free(&why);
	if (conn->life == CONN_ENDED)
		conn_write_out(conn);
}

/* What a read, write or handshake that is over for good means. */
static void
set_end_io(struct conn *conn, enum io io)
{
	if (io == IO_TLS)
		set_end_tls(conn);
	else if (io == IO_ERROR)
		set_end(conn, CONN_END_ERROR, strerror(errno));
	else if (conn->layer == CONN_HANDSHAKE)
		set_end(conn, CONN_END_TLS, "the peer closed during the TLS handshake");
	else
		set_end(conn, CONN_END_EOF, "the peer closed the connection");
	conn->peer_is_done = true;
}

/*
 * A peer that refuses says why and closes: what it said is read before the failed write is told.
 */
static void
write_failed(struct conn *conn, enum io io)
{
	if (io == IO_TLS) {
		set_end_tls(conn);
	} else if (conn->io.is_broken || conn->is_full) {
		set_end(conn, CONN_END_ERROR, strerror(errno));
	} else if (conn->life == CONN_OPEN) {
		str_cut(&conn->why, 0);
		str_puts(&conn->why, strerror(errno));
	}
	conn->write_failed = true;
	evbuffer_drain(conn->out, evbuffer_get_length(conn->out));
	conn_wake(conn);
}

void
conn_write_out(struct conn *conn)
{
	if (conn->layer == CONN_HANDSHAKE)
		return;
	if (conn->write_failed) {
		/* An owner that waits for room would wait for ever. */
		evbuffer_drain(conn->out, evbuffer_get_length(conn->out));
		return;
	}
	size_t left = evbuffer_get_length(conn->out);
	if (left >= CONN_LOW_WATER)
		conn->was_high = true;
	if (left > 0) {
		enum io io = transport_write(&conn->io, conn->out);
		conn->written += left - evbuffer_get_length(conn->out);
		conn->write_wants_read = io == IO_WANT_READ;
		if (io == IO_WANT_READ)
			conn_want_read(conn, true);
		else if (io != IO_DONE && io != IO_WANT_WRITE)
			write_failed(conn, io);
	}
	left = evbuffer_get_length(conn->out);
	bool is_stuck = left > 0 && !conn->write_wants_read;
	conn_want_write(conn, is_stuck || conn->read_wants_write);
	if (conn->was_high && left < CONN_LOW_WATER) {
		conn->was_high = false;
		conn->is_drained = true;
		conn_wake_next_turn(conn);
	}
}

void
conn_flush(struct conn *conn)
{
	conn_write_out(conn);
}

/* The owner took input out of a full buffer. */
static void
on_consumed(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
	struct conn *conn = arg;

	(void)info;
	if (evbuffer_get_length(in) >= CONN_INPUT_MAX)
		return;
	evbuffer_remove_cb(in, on_consumed, conn);
	conn->is_full = false;
	if (conn->life == CONN_OPEN && !conn->is_paused) {
		conn_want_read(conn, true);
		conn_wake(conn);
	}
}

static void
read_in(struct conn *conn)
{
	enum io io = transport_read(&conn->io, conn->in, READ_BUDGET);

	conn->read_wants_write = io == IO_WANT_WRITE;
	if (io == IO_DONE) {
		if (transport_has_pending(&conn->io) || conn->write_failed)
			conn_wake(conn);
	} else if (io == IO_WANT_WRITE) {
		conn_want_write(conn, true);
	} else if (io != IO_WANT_READ) {
		set_end_io(conn, io);
	} else if (conn->write_failed) {
		conn->life = CONN_ENDING;
		conn->how = CONN_END_ERROR;
	}
	if (evbuffer_get_length(conn->in) >= CONN_INPUT_MAX && !conn->is_full)
		conn->is_full = evbuffer_add_cb(conn->in, on_consumed, conn) != NULL;
}

/* Read if we may, and tell the owner about it. */
static void
advance_input(struct conn *conn)
{
	size_t before = evbuffer_get_length(conn->in);

	if (conn->life == CONN_OPEN && !conn->is_paused && !conn->is_full)
		read_in(conn);
	size_t after = evbuffer_get_length(conn->in);
	if (!conn->is_paused && after > 0 && (after > before || conn->is_resumed)) {
		conn->is_resumed = false;
		call(conn, conn->events->on_input);
	}
	if (!conn_is_alive(conn))
		return;
	if (conn->life == CONN_ENDING && !conn->is_paused)
		tell_end(conn);
	else if (conn->is_paused || conn->is_full || conn->life == CONN_ENDING)
		/* Only now: an owner that pauses and resumes at once costs no system call. */
		conn_want_read(conn, conn->write_wants_read);
}

static void
advance_handshake(struct conn *conn)
{
	enum io io = transport_handshake(&conn->io);

	conn_want_write(conn, io == IO_WANT_WRITE);
	if (io == IO_WANT_READ || io == IO_WANT_WRITE)
		return;
	if (io != IO_DONE) {
		set_end_io(conn, io);
		tell_end(conn);
		return;
	}
	conn->layer = CONN_SECURE;
	call(conn, conn->events->on_secure);
	if (conn_is_alive(conn))
		advance_input(conn);
}

void
conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	enter(conn);
	if (conn->life == CONN_LINGERING) {
		conn_linger_readable(conn);
	} else if (conn->layer == CONN_HANDSHAKE) {
		advance_handshake(conn);
	} else {
		if (conn->write_wants_read)
			conn_write_out(conn);
		if (conn_is_alive(conn))
			advance_input(conn);
	}
	leave(conn);
}

void
conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	enter(conn);
	if (conn->life == CONN_LINGERING) {
		conn_linger_writable(conn);
	} else if (conn->layer == CONN_HANDSHAKE) {
		advance_handshake(conn);
	} else {
		bool reads = conn->read_wants_write;
		conn->read_wants_write = false;
		conn_write_out(conn);
		if (reads && conn_is_alive(conn))
			advance_input(conn);
	}
	leave(conn);
}

/* Whether there is something to do on the input side that no event of the socket announces. */
static bool
has_news(const struct conn *conn)
{
	return conn->is_resumed || conn->write_failed || conn->life == CONN_ENDING ||
	       transport_has_pending(&conn->io);
}

void
conn_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	enter(conn);
	if (conn->life == CONN_LINGERING) {
		conn_linger_writable(conn);
	} else if (conn->layer == CONN_HANDSHAKE) {
		advance_handshake(conn);
	} else {
		/* It may have risen again since. */
		bool drained = conn->is_drained && evbuffer_get_length(conn->out) < CONN_LOW_WATER;
		conn->is_drained = false;
		if (drained && conn_is_alive(conn))
			call(conn, conn->events->on_drain);
		if (conn_is_alive(conn) && has_news(conn))
			advance_input(conn);
	}
	leave(conn);
}

/* The timer is not moved for each command: it fires and looks whether the deadline has moved. */
void
conn_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	int64_t now = clock_mono_ms();

	(void)fd;
	(void)what;
	conn->timer_at = 0;
	if (conn->life == CONN_LINGERING) {
		conn_destroy(conn);
		return;
	}
	if (conn->deadline == 0)
		return;
	if (now < conn->deadline) {
		conn_set_timer(conn, now, conn->deadline);
		return;
	}
	enter(conn);
	conn->life = CONN_OPEN;
	set_end(conn, CONN_END_DEADLINE, "timed out");
	tell_end(conn);
	leave(conn);
}
