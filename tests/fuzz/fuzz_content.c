/* SPDX-License-Identifier: ISC */
/*
 * fuzz_content.c - content on its way into the spool: however it is cut into pieces, the same is
 * kept or refused, and what is kept is canonical.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>

#include "base/str.h"
#include "fake_spool.h"
#include "fuzz.h"
#include "listener/receive.h"
#include "listener/trace.h"
#include "smtp/status.h"
#include "spool/envelope.h"
#include "spool/writer.h"

enum { SIZE_MAX_KEPT = 8 * 1024 };

static struct event_base *base;

struct outcome {
	bool is_done;
	const struct smtp_status *refused;
	char *content;
	size_t len;
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	base = event_base_new();
	must(base != NULL);
	return 0;
}

static struct spool_message *
begin(struct receive *receive, struct spool_writer *writer, unsigned options)
{
	struct spool_message *message = spool_message_begin(writer, 1);

	*receive = (struct receive){ .refuses_bare = options & 1 };
	must(receive_begin(receive, SMTP_DOT_STUFFED, message, SIZE_MAX_KEPT) == 0);
	return message;
}

/* Offer the input, step octets at a time. */
static void
feed(struct receive *receive, const uint8_t *data, size_t size, size_t step)
{
	static const struct sockaddr_in peer = { .sin_family = AF_INET };
	const struct trace trace = { .helo = "c.example",
		.peer = (const struct sockaddr *)&peer,
		.hostname = "relay.example",
		.protocol = "ESMTP",
		.tls = "",
		.from = "a@x.example",
		.id = 1 };
	struct evbuffer *input = evbuffer_new();
	struct str line = STR_EMPTY;

	for (size_t at = 0; at < size && !receive->dot.done; at += step) {
		evbuffer_add(input, data + at, size - at < step ? size - at : step);
		receive_take(receive, input, &trace, &line);
	}
	str_free(&line);
	evbuffer_free(input);
}

static struct outcome
take(const uint8_t *data, size_t size, unsigned options, size_t step)
{
	struct fake_spool spool = { .holds_commits = true };
	struct spool_writer *writer = fake_spool_new(base, &spool);
	struct receive receive;
	struct spool_message *message = begin(&receive, writer, options);

	feed(&receive, data, size, step);

	struct outcome outcome = { .is_done = receive.dot.done, .refused = receive.refused };

	if (outcome.is_done && outcome.refused == NULL) {
		struct envelope envelope = {
			.from = "a", .client = "c", .helo = "h", .listener = "l"
		};

		envelope.nrcpt = 1;
		envelope.rcpt = (char *[]){ "b" };
		receive.is_committing = true;
		spool_message_commit(message, &envelope, NULL, NULL);
		outcome.content = spool.content;
		outcome.len = spool.content_len;
		spool.content = NULL;
	}
	receive_clear(&receive);
	fake_spool_free(&writer);
	return outcome;
}

static void
check_canonical(const struct outcome *outcome)
{
	must(outcome->len >= 2 && memcmp(outcome->content + outcome->len - 2, "\r\n", 2) == 0);
	must(memchr(outcome->content, '\0', outcome->len) == NULL);
	for (size_t i = 0; i < outcome->len; i++) {
		must(outcome->content[i] != '\n' || (i > 0 && outcome->content[i - 1] == '\r'));
		must(outcome->content[i] != '\r' || outcome->content[i + 1] == '\n');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;

	struct outcome whole = take(data + 2, size - 2, data[0], size);
	struct outcome pieces = take(data + 2, size - 2, data[0], 1 + data[1] % 64);

	must(whole.is_done == pieces.is_done);
	/* Of two reasons either may be seen first. */
	must(!whole.is_done || (whole.refused == NULL) == (pieces.refused == NULL));
	must(whole.len == pieces.len);
	if (whole.content != NULL) {
		must(memcmp(whole.content, pieces.content, whole.len) == 0);
		check_canonical(&whole);
	}
	free(whole.content);
	free(pieces.content);
	return 0;
}
