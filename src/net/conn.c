/* SPDX-License-Identifier: ISC */
/*
 * conn.c - the life of a connection: made, told what to do by its owner, freed.
 * What happens on the socket's events is in conn_advance.c, after conn_close() in conn_linger.c.
 */
#include "net/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/conn_private.h"

struct conn *
conn_new(struct event_base *base, int fd, const struct conn_events *events, void *ctx)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (conn == NULL)
		return NULL;
	conn->in = evbuffer_new();
	conn->out = evbuffer_new();
	if (conn->in == NULL || conn->out == NULL)
		goto fail;
	conn->io.fd = fd;
	conn->events = events;
	conn->ctx = ctx;
	event_assign(&conn->readable, base, fd, EV_READ | EV_PERSIST, conn_on_readable, conn);
	event_assign(&conn->writable, base, fd, EV_WRITE | EV_PERSIST, conn_on_writable, conn);
	evtimer_assign(&conn->timer, base, conn_on_timer, conn);
	event_assign(&conn->wake, base, -1, 0, conn_on_wake, conn);
	conn_want_read(conn, true);
	if (conn->is_reading)
		return conn;
fail:
	if (conn->in != NULL)
		evbuffer_free(conn->in);
	if (conn->out != NULL)
		evbuffer_free(conn->out);
	free(conn);
	return NULL;
}

void
conn_destroy(struct conn *conn)
{
	event_del(&conn->readable);
	event_del(&conn->writable);
	event_del(&conn->timer);
	event_del(&conn->wake);
	transport_close(&conn->io);
	evbuffer_free(conn->in);
	evbuffer_free(conn->out);
	str_free(&conn->why);
	conn->life = CONN_DEAD;
	if (conn->busy == 0)
		free(conn);
}

void
conn_free(struct conn **conn)
{
	if (*conn != NULL)
		conn_destroy(*conn);
	*conn = NULL;
}

void
conn_close(struct conn **conn, unsigned linger_ms)
{
	if (*conn != NULL)
		conn_linger(*conn, linger_ms);
	*conn = NULL;
}

void
conn_want_read(struct conn *conn, bool want)
{
	if (want == conn->is_reading)
		return;
	if ((want ? event_add(&conn->readable, NULL) : event_del(&conn->readable)) == 0)
		conn->is_reading = want;
}

void
conn_want_write(struct conn *conn, bool want)
{
	if (want == conn->is_writing)
		return;
	if ((want ? event_add(&conn->writable, NULL) : event_del(&conn->writable)) == 0)
		conn->is_writing = want;
}

void
conn_wake(struct conn *conn)
{
	event_active(&conn->wake, EV_TIMEOUT, 0);
}

void
conn_wake_next_turn(struct conn *conn)
{
	static const struct timeval next_turn = { 0 };

	if (event_add(&conn->wake, &next_turn) == -1)
		conn_wake(conn);
}

void
conn_drain_soon(struct conn *conn)
{
	conn->is_drained = true;
	conn_wake_next_turn(conn);
}

void
conn_set_timer(struct conn *conn, int64_t now, int64_t at)
{
	int64_t ms = at > now ? at - now : 0;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	conn->timer_at = at;
	evtimer_add(&conn->timer, &tv);
}

void
conn_set_deadline(struct conn *conn, uint64_t ms)
{
	int64_t now = clock_mono_ms();

	conn->deadline = ms == 0 ? 0 : now + (int64_t)ms;
	if (ms != 0 && (conn->timer_at == 0 || conn->timer_at > conn->deadline) &&
	    conn->life <= CONN_ENDING)
		conn_set_timer(conn, now, conn->deadline);
}

void
conn_pause(struct conn *conn)
{
	conn->is_paused = true;
}

void
conn_resume(struct conn *conn)
{
	if (!conn->is_paused)
		return;
	conn->is_paused = false;
	if (conn->life == CONN_OPEN && !conn->is_full)
		conn_want_read(conn, true);
	conn->is_resumed = true;
	if (conn_is_alive(conn) &&
	    (evbuffer_get_length(conn->in) > 0 || conn->life == CONN_ENDING || conn->write_failed ||
		transport_has_pending(&conn->io)))
		conn_wake(conn);
}

int
conn_start_tls(struct conn *conn, struct ssl_st *ssl)
{
	conn_write_out(conn);
	if (evbuffer_get_length(conn->in) > 0 || evbuffer_get_length(conn->out) > 0 ||
	    conn->write_failed || conn->layer != CONN_PLAIN) {
		SSL_free(ssl);
		errno = EPROTO;
		return -1;
	}
	if (transport_start_tls(&conn->io, ssl) != 0)
		return -1;
	conn->layer = CONN_HANDSHAKE;
	conn_want_read(conn, true);
	conn_wake(conn);
	return 0;
}

struct evbuffer *
conn_output(struct conn *conn)
{
	return conn->out;
}

uint64_t
conn_written(const struct conn *conn)
{
	return conn->written;
}

bool
conn_is_secure(const struct conn *conn)
{
	return conn->layer == CONN_SECURE;
}

struct ssl_st *
conn_ssl(struct conn *conn)
{
	return conn->io.ssl;
}
