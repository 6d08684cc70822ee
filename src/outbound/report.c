/* SPDX-License-Identifier: ISC */
/*
 * report.c - see report.h.  The report is durable before the recipient's outcome is recorded: a
 * crash between them makes a second report, never none.
 */
#include "outbound/report.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "config/config.h"
#include "queue/queue.h"
#include "smtp/utf8.h"
#include "spool/envelope.h"
#include "spool/reader.h"
#include "spool/writer.h"

enum {
	HEADER_MAX = 16 * 1024,
	WHOLE_MAX = 64 * 1024, /* of a message that its sender wants back whole (RET=FULL) */
};

/* What a report of each kind is about. */
static const struct {
	enum rcpt_fate fate;
	enum smtp_notify notify;
} abouts[] = {
	[BOUNCE_FAILED] = { RCPT_FAILED, SMTP_NOTIFY_FAILURE },
	[BOUNCE_DELAYED] = { RCPT_DEFERRED, SMTP_NOTIFY_DELAY },
	[BOUNCE_RELAYED] = { RCPT_DELIVERED, SMTP_NOTIFY_SUCCESS },
};

struct reporter {
	const struct config *config;
	struct spool *spool;
	struct spool_writer *writer;
	struct id_source ids;
};

struct report {
	uint64_t id;
	report_fn *done;
	void *ctx;
};

struct reporter *
reporter_new(const struct config *config, struct spool *spool, struct spool_writer *writer)
{
	struct reporter *reporter = calloc(1, sizeof *reporter);

	if (reporter == NULL)
		return NULL;
	reporter->config = config;
	reporter->spool = spool;
	reporter->writer = writer;
	id_source_init(&reporter->ids, spool_writer_tag(writer));
	return reporter;
}

void
reporter_free(struct reporter **reporter)
{
	free(*reporter);
	*reporter = NULL;
}

bool
report_is_due(const struct envelope *envelope)
{
	return envelope->from[0] != '\0' && !envelope->is_report;
}

/* The length of the header section at the beginning of text. */
static size_t
header_end(const char *text, size_t len)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4);

	return end != NULL ? (size_t)(end - text) + 2 : len;
}

/* The original as far as a report brings it back. */
struct original {
	char *text; /* NULL: none */
	size_t len;
	bool is_whole;
};

/* Whether a report may hold the message as it is: every upstream must take the report. */
static bool
may_be_whole(const struct envelope *envelope, const struct evbuffer *content)
{
	/* RFC 8689 5: of a message that requires TLS no report brings back more than the header. */
	return envelope->ret == SMTP_RET_FULL && !envelope->requiretls &&
	       !envelope->has_long_lines && evbuffer_get_length(content) > 0 &&
	       evbuffer_get_length(content) <= WHOLE_MAX;
}

/* Read what the sender wants to see again; without it the report is still worth sending. */
static struct original
read_original(struct reporter *reporter, const struct delivery *delivery)
{
	const struct spool_place place = queue_place(delivery->item);
	struct evbuffer *content = delivery->is_damaged ? NULL : evbuffer_new();
	struct original original = { .text = NULL };
	ssize_t got = -1;
	uint64_t len;
	int fd = -1;

	if (content == NULL)
		return original;
	if (spool_read_content(reporter->spool, &place, content, &fd, &len) == 0 &&
	    (original.text = malloc(WHOLE_MAX)) != NULL)
		got = fd != -1 ? pread(fd, original.text, HEADER_MAX, 0)
			       : evbuffer_copyout(content, original.text, WHOLE_MAX);
	if (got > 0) {
		original.is_whole = may_be_whole(delivery->envelope, content) &&
				    smtp_is_ascii(original.text, (size_t)got);
		original.len = original.is_whole ? (size_t)got
						 : header_end(original.text,
						       got < HEADER_MAX ? (size_t)got : HEADER_MAX);
	}
	if (fd != -1)
		close(fd);
	evbuffer_free(content);
	return original;
}

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	struct report *report = ctx;

	(void)place;
	report->done(report->ctx, error, report->id);
	free(report);
}

/* Whether the sender wants to hear this of a recipient. */
static bool
is_wanted(enum bounce_kind kind, const struct delivery *delivery, const struct delivery_rcpt *rcpt)
{
	const struct envelope_dsn *dsn = delivery->envelope->dsn;
	unsigned notify = dsn != NULL ? dsn[rcpt->index].notify : 0;

	return rcpt->fate == abouts[kind].fate && smtp_notify_wants(notify, abouts[kind].notify);
}

bool
report_is_wanted(enum bounce_kind kind, const struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->nrcpt; i++)
		if (is_wanted(kind, delivery, &delivery->rcpt[i]))
			return true;
	return false;
}

/* Fill in what the report says of the recipients. */
static size_t
describe_recipients(enum bounce_kind kind, const struct delivery *delivery, const char *upstream,
    struct bounce_rcpt *out)
{
	const struct envelope_dsn *dsn = delivery->envelope->dsn;
	size_t count = 0;

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		const struct delivery_rcpt *rcpt = &delivery->rcpt[i];

		if (!is_wanted(kind, delivery, rcpt))
			continue;
		out[count++] = (struct bounce_rcpt){
			.address = delivery_address(delivery, i),
			.orcpt = dsn != NULL ? dsn[rcpt->index].orcpt : NULL,
			.enhanced = rcpt->enhanced[0] != '\0' ? rcpt->enhanced : NULL,
			.reply = rcpt->reply != NULL ? rcpt->reply : "no reason is known",
			.upstream = rcpt->code > 0 ? upstream : NULL,
			.remedy = rcpt->remedy,
		};
	}
	return count;
}

static int
append(struct reporter *reporter, const struct bounce *bounce, report_fn *done, void *ctx)
{
	const struct config *config = reporter->config;
	char *to = bounce->of->from, *from = config->queue.bounce_from;
	struct report *report = calloc(1, sizeof *report);
	struct spool_message *message = spool_message_begin(reporter->writer, bounce->id);
	struct evbuffer *text = evbuffer_new();
	int result = -1;
	const struct envelope envelope = {
		.id = bounce->id,
		.received_ms = bounce->now_ms,
		.client = "",
		.helo = "",
		.listener = "",
		.from = from != NULL ? from : "",
		.rcpt = &to,
		.nrcpt = 1,
		.requiretls = bounce->of->requiretls,
		.is_report = true,
	};

	if (report != NULL && message != NULL && text != NULL &&
	    bounce_compose(bounce, text) == 0 && spool_message_append(message, text) == 0) {
		*report = (struct report){ .id = bounce->id, .done = done, .ctx = ctx };
		spool_message_commit(message, &envelope, on_commit, report);
		message = NULL;
		report = NULL;
		result = 0;
	}
	spool_message_abort(&message);
	if (text != NULL)
		evbuffer_free(text);
	free(report);
	return result;
}

int
reporter_send(struct reporter *reporter, enum bounce_kind kind, const struct delivery *delivery,
    const char *upstream, report_fn *done, void *ctx)
{
	struct bounce_rcpt *rcpt = calloc(delivery->nrcpt, sizeof *rcpt);
	struct original original = read_original(reporter, delivery);
	int64_t now = clock_real_ms();
	int result = -1;

	if (rcpt != NULL) {
		struct bounce bounce = {
			.kind = kind,
			.hostname = reporter->config->hostname,
			.from = reporter->config->queue.bounce_from,
			.of = delivery->envelope,
			.rcpt = rcpt,
			.nrcpt = describe_recipients(kind, delivery, upstream, rcpt),
			.id = id_next(&reporter->ids, now),
			.now_ms = now,
			.give_up_ms = now + (int64_t)reporter->config->queue.lifetime_ms -
				      (int64_t)queue_age_ms(delivery->item, now),
			.original = original.text,
			.original_len = original.len,
			.is_whole = original.is_whole,
		};

		result = append(reporter, &bounce, done, ctx);
	}
	free(original.text);
	free(rcpt);
	return result;
}
