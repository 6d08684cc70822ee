/* SPDX-License-Identifier: ISC */
/*
 * receive.c - decode content and pass it on to the spool; see receive.h.
 * The header is held back until its end is seen, since what it lacks goes on top of it.  A header
 * over RECEIVE_HEADER_MAX is not waited for: it gets a Received field and keeps what else it lacks.
 */
#include "listener/receive.h"

#include <errno.h>
#include <event2/buffer.h>

#include "base/str.h"
#include "listener/trace.h"
#include "smtp/status.h"
#include "spool/writer.h"

enum { RECEIVE_SLICE = 8 * 1024 }; /* octets decoded at a time */

static const struct smtp_status too_big = { 552, "5.3.4", "Message exceeds the size limit" };
static const struct smtp_status has_nul = { 554, "5.6.0", "Message contains a NUL octet" };
static const struct smtp_status bare_end = { 550, "5.6.11",
	"Message has a line end that is not CRLF" };
static const struct smtp_status looping = { 554, "5.4.6",
	"Too many Received fields: the message loops" };
const struct smtp_status receive_not_kept = { 452, "4.3.1",
	"Cannot keep the message now: try again later" };

static void
refuse(struct receive *r, const struct smtp_status *status)
{
	r->refused = status;
	spool_message_abort(&r->message);
	evbuffer_drain(r->held, evbuffer_get_length(r->held));
}

static void
refuse_for_error(struct receive *r, int error)
{
	r->error = error;
	refuse(r, &receive_not_kept);
}

int
receive_begin(
    struct receive *r, enum smtp_dot_mode mode, struct spool_message *message, uint64_t size_max)
{
	smtp_dot_decoder_init(&r->dot, mode);
	r->message = message;
	r->size_max = size_max;
	r->held = evbuffer_new();
	return r->held == NULL ? -1 : 0;
}

void
receive_begin_chunk(struct receive *r, uint64_t size, bool is_last)
{
	r->chunk = size;
	r->is_last = is_last;
	if (r->refused == NULL && (r->size > r->size_max || size > r->size_max - r->size))
		refuse(r, &too_big);
}

/* Keep what was decoded. */
static void
keep(struct receive *r, const char *text, size_t len)
{
	r->size += len;
	if (r->refused != NULL)
		return;
	smtp_header_feed(&r->header, text, len);
	if (evbuffer_add(r->held, text, len) < 0)
		refuse_for_error(r, ENOMEM);
}

/* Decode a slice of what the input has. */
static void
decode(struct receive *r, struct evbuffer *input)
{
	char out[SMTP_DOT_DECODED_MAX(RECEIVE_SLICE)];
	bool is_chunked = r->dot.mode == SMTP_DOT_PLAIN;
	size_t max = is_chunked && r->chunk < RECEIVE_SLICE ? (size_t)r->chunk : RECEIVE_SLICE;
	struct evbuffer_iovec in;
	size_t out_len;

	evbuffer_peek(input, (ev_ssize_t)max, NULL, &in, 1);

	size_t used = smtp_dot_decode(
	    &r->dot, in.iov_base, in.iov_len < max ? in.iov_len : max, out, &out_len);

	evbuffer_drain(input, used);
	if (is_chunked)
		r->chunk -= used;
	keep(r, out, out_len);
}

/* Behind the last chunk: what the content lacks to its last CRLF. */
static void
finish(struct receive *r)
{
	char out[4];

	keep(r, out, smtp_dot_finish(&r->dot, out));
}

static void
judge(struct receive *r)
{
	if (r->refused != NULL)
		return;
	if (r->size > r->size_max)
		refuse(r, &too_big);
	else if (r->dot.has_nul)
		refuse(r, &has_nul);
	else if (r->refuses_bare && r->dot.bare_ends > 0)
		refuse(r, &bare_end);
	else if (r->header.count[SMTP_HEADER_RECEIVED] >= RECEIVE_HOPS_MAX)
		refuse(r, &looping);
}

static void
put_on_top(struct receive *r, const struct trace *trace, struct str *line)
{
	str_cut(line, 0);
	trace_received(line, trace);
	if (r->header.end != SMTP_HEADER_OPEN) {
		if (r->header.count[SMTP_HEADER_FROM] == 0)
			trace_from(line, trace);
		if (r->header.count[SMTP_HEADER_DATE] == 0)
			trace_date(line, trace);
		if (r->header.count[SMTP_HEADER_MESSAGE_ID] == 0)
			trace_message_id(line, trace);
		if (smtp_header_needs_blank(&r->header))
			str_puts(line, "\r\n");
	}
	r->has_trace = true;
	if (str_is_bad(line) || evbuffer_prepend(r->held, line->data, line->len) < 0)
		refuse_for_error(r, ENOMEM);
}

static void
pass_on(struct receive *r, const struct trace *trace, struct str *line)
{
	if (r->refused == NULL && !r->has_trace) {
		if (r->header.end == SMTP_HEADER_OPEN && r->dot.done)
			smtp_header_finish(&r->header);
		if (r->header.end == SMTP_HEADER_OPEN &&
		    evbuffer_get_length(r->held) < RECEIVE_HEADER_MAX)
			return;
		put_on_top(r, trace, line);
	}
	if (r->refused == NULL && spool_message_append(r->message, r->held) < 0)
		refuse_for_error(r, errno);
}

enum receive_result
receive_take(struct receive *r, struct evbuffer *input, const struct trace *trace, struct str *line)
{
	while (!r->dot.done) {
		bool has_chunk = r->dot.mode == SMTP_DOT_STUFFED || r->chunk > 0;

		if (r->message != NULL && spool_message_is_backlogged(r->message))
			return RECEIVE_WAIT;
		if (!has_chunk && !r->is_last)
			return RECEIVE_CHUNK;
		if (has_chunk && evbuffer_get_length(input) == 0)
			return RECEIVE_MORE;
		if (has_chunk)
			decode(r, input);
		else
			finish(r);
		judge(r);
		pass_on(r, trace, line);
	}
	return RECEIVE_DONE;
}

void
receive_clear(struct receive *r)
{
	if (r->is_committing)
		spool_message_forget(r->message);
	else
		spool_message_abort(&r->message);
	if (r->held != NULL)
		evbuffer_free(r->held);
	r->message = NULL;
	r->held = NULL;
}
