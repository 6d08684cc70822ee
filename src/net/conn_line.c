/* SPDX-License-Identifier: ISC */
/*
 * conn_line.c - the input as its owner takes it.
 * Octets that were searched for LF once are not searched again, however slowly a line arrives.
 */
#include <event2/buffer.h>

#include "net/conn_private.h"

struct evbuffer *
conn_input(struct conn *conn)
{
	/* The owner may take octets out, and then the count is wrong. */
	conn->scanned = 0;
	return conn->in;
}

enum conn_line
conn_read_line(struct conn *conn, char *buf, size_t size, size_t *len, bool *bare_lf)
{
	struct evbuffer_ptr from;

	if (evbuffer_get_length(conn->in) <= conn->scanned)
		return conn->scanned >= size - 1 ? CONN_LINE_TOO_LONG : CONN_LINE_NONE;
	evbuffer_ptr_set(conn->in, &from, conn->scanned, EVBUFFER_PTR_SET);
	struct evbuffer_ptr lf = evbuffer_search_eol(conn->in, &from, NULL, EVBUFFER_EOL_LF);
	if (lf.pos < 0)
		conn->scanned = evbuffer_get_length(conn->in);
	else
		conn->scanned = (size_t)lf.pos;
	if (conn->scanned >= size - 1)
		return CONN_LINE_TOO_LONG;
	if (lf.pos < 0)
		return CONN_LINE_NONE;

	size_t n = conn->scanned;
	evbuffer_remove(conn->in, buf, n + 1);
	conn->scanned = 0;
	*bare_lf = n == 0 || buf[n - 1] != '\r';
	if (!*bare_lf)
		n--;
	buf[n] = '\0';
	*len = n;
	return CONN_LINE_OK;
}
