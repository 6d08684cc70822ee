/* SPDX-License-Identifier: ISC */
/*
 * conn_linger.c - the end of a connection that has no owner any more.
 * What waits is written, then our side is closed, and what the peer still sends is read and
 * discarded until it closes as well: to close with unread input makes the kernel send a reset,
 * which may destroy our last reply.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/conn_private.h"

static bool
is_lost(const struct conn *conn)
{
	return conn->write_failed || conn->io.is_broken || conn->layer == CONN_HANDSHAKE ||
	       (conn->life == CONN_ENDED &&
		   (conn->how == CONN_END_ERROR || conn->how == CONN_END_TLS));
}

void
conn_linger(struct conn *conn, unsigned linger_ms)
{
	int64_t now = clock_mono_ms();

	if (!is_lost(conn))
		conn_write_out(conn);
	if (is_lost(conn) || linger_ms == 0) {
		if (!is_lost(conn))
			transport_shutdown(&conn->io);
		conn_destroy(conn);
		return;
	}
	conn->life = CONN_LINGERING;
	evbuffer_drain(conn->in, evbuffer_get_length(conn->in));
	conn_set_timer(conn, now, now + linger_ms);
	conn_linger_writable(conn);
}

void
conn_linger_writable(struct conn *conn)
{
	if (!conn->is_shut) {
		conn_write_out(conn);
		if (conn->write_failed) {
			conn_destroy(conn);
			return;
		}
		if (evbuffer_get_length(conn->out) > 0) {
			conn_want_read(conn, !conn->peer_is_done);
			return;
		}
		transport_shutdown(&conn->io);
		conn->is_shut = true;
		conn_want_write(conn, false);
	}
	if (conn->peer_is_done)
		conn_destroy(conn);
	else
		conn_want_read(conn, true);
}

void
conn_linger_readable(struct conn *conn)
{
	char waste[16 * 1024];
	/* Past the TLS layer, if there is one: nothing of it is wanted. */
	ssize_t n = read(conn->io.fd, waste, sizeof waste);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	conn->peer_is_done = true;
	if (n < 0 || conn->is_shut)
		conn_destroy(conn);
	else
		conn_want_read(conn, false);
}
