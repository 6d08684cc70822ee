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
#include "spool/envelope.h"
#include "spool/reader.h"
#include "spool/writer.h"

enum { HEADER_MAX = 16 * 1024 };

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
	reporter->ids.tag = spool_writer_tag(writer);
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

/* Read the first octets of the original into head; without them the report is still worth sending.
 */
static size_t
read_header(struct reporter *reporter, const struct delivery *delivery, char head[HEADER_MAX])
{
	const struct spool_place place = queue_place(delivery->item);
	struct evbuffer *content = delivery->is_damaged ? NULL : evbuffer_new();
	ssize_t got = 0;
	uint64_t len;
	int fd = -1;

	if (content == NULL)
		return 0;
	if (spool_read_content(reporter->spool, &place, content, &fd, &len) == 0)
		got = fd != -1 ? pread(fd, head, HEADER_MAX, 0)
			       : evbuffer_copyout(content, head, HEADER_MAX);
	if (fd != -1)
		close(fd);
	evbuffer_free(content);
	return got > 0 ? header_end(head, (size_t)got) : 0;
}

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	struct report *report = ctx;

	(void)place;
	report->done(report->ctx, error, report->id);
	free(report);
}

/* Fill in what the report says of the recipients. */
static size_t
describe_recipients(const struct delivery *delivery, enum rcpt_fate which, const char *upstream,
    struct bounce_rcpt *out)
{
	size_t count = 0;

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		const struct delivery_rcpt *rcpt = &delivery->rcpt[i];

		if (rcpt->fate != which)
			continue;
		out[count++] = (struct bounce_rcpt){
			.address = delivery_address(delivery, i),
			.enhanced = rcpt->enhanced[0] != '\0' ? rcpt->enhanced : NULL,
			.reply = rcpt->reply != NULL ? rcpt->reply : "no reason is known",
			.upstream = rcpt->code > 0 ? upstream : NULL,
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
    enum rcpt_fate which, const char *upstream, report_fn *done, void *ctx)
{
	struct bounce_rcpt *rcpt = calloc(delivery->nrcpt, sizeof *rcpt);
	char *head = malloc(HEADER_MAX);
	int64_t now = clock_real_ms();
	int result = -1;

	if (rcpt != NULL && head != NULL) {
		struct bounce bounce = {
			.kind = kind,
			.hostname = reporter->config->hostname,
			.from = reporter->config->queue.bounce_from,
			.of = delivery->envelope,
			.rcpt = rcpt,
			.nrcpt = describe_recipients(delivery, which, upstream, rcpt),
			.id = id_next(&reporter->ids, now),
			.now_ms = now,
			.give_up_ms = delivery->envelope->received_ms +
				      (int64_t)reporter->config->queue.lifetime_ms,
			.header = head,
			.header_len = read_header(reporter, delivery, head),
		};

		result = append(reporter, &bounce, done, ctx);
	}
	free(head);
	free(rcpt);
	return result;
}
