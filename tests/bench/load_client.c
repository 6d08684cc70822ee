/* SPDX-License-Identifier: ISC */
/*
 * load_client.c - one client of the load generator: connect, send messages one after another,
 * leave. A connection that breaks costs the message under way, never the client: it connects again.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "load.h"
#include "load_stats.h"
#include "load_wire.h"

enum step { CONNECT, EHLO, MAIL, RCPT, DATA, DOT, RSET, QUIT, STEP_COUNT };

enum { RECONNECT_MS = 100 };

struct client {
	struct run *run;
	struct wire wire;
	struct event *reconnect;
	enum step step; /* what the next reply answers */
	uint64_t connected_at;
	uint64_t mail_at;
	uint64_t dot_at;
	uint64_t recipient; /* whose reply comes next */
	uint64_t sent_here; /* messages on this connection */
	bool came;          /* has been greeted once, or turned away */
	bool in_message;
	bool pipelining; /* wanted and offered */
	bool refused;    /* a pipelined envelope had a refusal */
	char id[ID_SIZE];
	char header[HEADER_SIZE];
};

static void client_next(struct client *c);

static const char *const step_names[STEP_COUNT] = {
	[CONNECT] = "connect",
	[EHLO] = "EHLO",
	[MAIL] = "MAIL",
	[RCPT] = "RCPT",
	[DATA] = "DATA",
	[DOT] = "dot",
	[RSET] = "RSET",
	[QUIT] = "QUIT",
};

static struct iovec
piece(const char *data, size_t len)
{
	/* iovec is not const-correct: what is sent is only read. */
	return (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = len };
}

static void
send_line(struct client *c, enum step step, const char *line, size_t len)
{
	c->step = step;
	wire_send(&c->wire, (struct iovec[WIRE_PIECES]){ piece(line, len) });
}

static void
send_text(struct client *c, enum step step, const char *line)
{
	send_line(c, step, line, strlen(line));
}

/* ---- connecting and parting; on_reconnect decides which ---- */

static void
reconnect_after(struct client *c, int ms)
{
	struct timeval wait = { .tv_usec = ms * 1000 };

	wire_close(&c->wire);
	event_add(c->reconnect, &wait);
}

static void
come(struct client *c)
{
	if (!c->came)
		run_begin_next(c->run);
	c->came = true;
}

static void
client_lost(void *ctx, const char *why)
{
	struct client *c = ctx;
	char key[96];

	come(c);
	snprintf(key, sizeof key, "%s at %s", why, step_names[c->step]);
	stats_error(c->run->stats, key);
	if (c->in_message)
		stats_fail(c->run->stats);
	c->in_message = false;
	reconnect_after(c, RECONNECT_MS);
}

static void
on_reconnect(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	struct run *r = c->run;

	(void)fd;
	(void)what;
	if (run_is_over(r)) {
		come(c);
		run_leave(r);
		return;
	}
	c->step = CONNECT;
	c->sent_here = 0;
	c->pipelining = false;
	c->connected_at = now_us();
	if (wire_open(&c->wire, r->base, r->address) < 0)
		client_lost(c, strerror(errno));
}

/* ---- one step after another: what to do on the reply that was hoped for ---- */

static void
on_greeting(struct client *c)
{
	stats_record(c->run->stats, SERIES_GREETING, now_us() - c->connected_at);
	come(c);
	send_text(c, EHLO, "EHLO load.example\r\n");
}

static void
on_mail(struct client *c)
{
	const struct content *m = &c->run->content;

	c->recipient = 0;
	if (c->pipelining)
		c->step = RCPT;
	else
		send_line(c, RCPT, m->rcpt, m->rcpt_len);
}

static void
on_rcpt(struct client *c)
{
	const struct content *m = &c->run->content;
	bool last = ++c->recipient >= c->run->options->recipients;

	if (c->pipelining)
		c->step = last ? DATA : RCPT;
	else if (last)
		send_text(c, DATA, "DATA\r\n");
	else
		send_line(c, RCPT, m->rcpt + c->recipient * m->rcpt_len, m->rcpt_len);
}

static void
on_data(struct client *c)
{
	const struct content *m = &c->run->content;
	size_t len;

	if (c->refused) {
		client_lost(c, "refused in a pipeline");
		return;
	}
	len = content_header(m, c->run->options, c->id, c->header);
	c->step = DOT;
	wire_send(&c->wire,
	    (struct iovec[WIRE_PIECES]){ piece(c->header, len), piece(m->body, m->body_len) });
}

static void
on_sent(void *ctx)
{
	struct client *c = ctx;

	if (c->step == DOT)
		c->dot_at = now_us();
}

static void
on_accepted(struct client *c)
{
	uint64_t now = now_us();

	stats_record(c->run->stats, SERIES_MESSAGE, now - c->mail_at);
	stats_record(c->run->stats, SERIES_COMMIT, now - c->dot_at);
	stats_accept(c->run->stats, now);
	if (c->run->ack_log != NULL)
		fprintf(c->run->ack_log, "%s\n", c->id);
	c->in_message = false;
	client_next(c);
}

static void
on_bye(struct client *c)
{
	reconnect_after(c, 0);
}

static const struct {
	int expected; /* the reply's first digit */
	void (*on_reply)(struct client *c);
} steps[STEP_COUNT] = {
	[CONNECT] = { 2, on_greeting },
	[EHLO] = { 2, client_next },
	[MAIL] = { 2, on_mail },
	[RCPT] = { 2, on_rcpt },
	[DATA] = { 3, on_data },
	[DOT] = { 2, on_accepted },
	[RSET] = { 2, client_next },
	[QUIT] = { 2, on_bye },
};

static void
send_envelope(struct client *c)
{
	const struct content *m = &c->run->content;
	const struct options *o = c->run->options;
	size_t rcpts = (size_t)o->recipients * m->rcpt_len;
	const char *mail = m->mail + (c->run->started - 1) % o->senders * m->mail_len;

	c->step = MAIL;
	if (c->pipelining)
		wire_send(&c->wire, (struct iovec[WIRE_PIECES]){ piece(mail, m->mail_len),
					piece(m->rcpt, rcpts), piece("DATA\r\n", 6) });
	else
		send_line(c, MAIL, mail, m->mail_len);
}

/* Begin the next message, or part when there is none or the connection has had its share. */
static void
client_next(struct client *c)
{
	const struct options *o = c->run->options;
	bool had_share = o->per_connection > 0 && c->sent_here >= o->per_connection;

	if (had_share || run_is_over(c->run)) {
		send_text(c, QUIT, "QUIT\r\n");
		return;
	}
	content_id(o, c->run->started++, c->id);
	c->sent_here++;
	c->in_message = true;
	c->refused = false;
	c->mail_at = now_us();
	stats_begin(c->run->stats, c->mail_at);
	send_envelope(c);
}

static void
on_refusal(struct client *c, int code, const char *line)
{
	bool envelope = c->step == MAIL || c->step == RCPT;

	stats_reply_error(c->run->stats, step_names[c->step], line);
	if (code == 421 || c->step <= EHLO || c->step >= RSET) {
		client_lost(c, "session refused");
	} else if (envelope && c->pipelining) {
		c->refused = true;
		steps[c->step].on_reply(c);
	} else {
		stats_fail(c->run->stats);
		c->in_message = false;
		send_text(c, RSET, "RSET\r\n");
	}
}

static void
on_line(void *ctx, const char *line, size_t len)
{
	struct client *c = ctx;
	int code = len >= 3 ? (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0' : 0;

	if (c->step == EHLO && len >= 14 && strncasecmp(line + 4, "PIPELINING", 10) == 0)
		c->pipelining = c->run->options->pipelining;
	if (len > 3 && line[3] == '-')
		return;
	c->run->moved_at = now_us();
	if (code < 200 || code > 599)
		client_lost(c, "garbage");
	else if (code / 100 == steps[c->step].expected)
		steps[c->step].on_reply(c);
	else
		on_refusal(c, code, line);
}

struct client *
client_start(struct run *r)
{
	static const struct wire_calls calls = { on_line, on_sent, client_lost };
	struct client *c = xcalloc(1, sizeof *c);

	c->run = r;
	c->wire.calls = &calls;
	c->wire.ctx = c;
	c->wire.fd = -1;
	c->reconnect = evtimer_new(r->base, on_reconnect, c);
	event_active(c->reconnect, EV_TIMEOUT, 0);
	return c;
}

void
client_free(struct client **c)
{
	if (*c == NULL)
		return;
	wire_close(&(*c)->wire);
	event_free((*c)->reconnect);
	free(*c);
	*c = NULL;
}
