/* SPDX-License-Identifier: ISC */
/*
 * stock.c - see stock.h.  Contents are checked when all records were seen, for only then it is
 * known which messages are done: a done message's large content is rightly gone.
 */
#include "config.h"

#include "ctl/stock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/id.h"
#include "spool/envelope.h"

/* Room for one more; NULL is remembered in is_short. */
static void *
grow(struct stock *stock, void *list, size_t count, size_t *size, size_t each)
{
	if (count < *size)
		return list;

	size_t more = *size == 0 ? 64 : *size * 2;
	void *grown = reallocarray(list, more, each);

	if (grown == NULL)
		stock->is_short = true;
	else
		*size = more;
	return grown;
}

static void
add_message(struct stock *stock, const struct stock_message *message)
{
	void *grown = grow(stock, stock->message, stock->count, &stock->size, sizeof *message);

	if (grown == NULL)
		return;
	stock->message = grown;
	stock->message[stock->count] = *message;
	stock->message[stock->count++].past = history_take(stock->history, &message->place);
}

/* A message whose envelope is lost is known by the head of its record alone. */
static bool
is_blind(const struct spool_finding *finding)
{
	return finding->id != 0 && !finding->is_torn && strncmp(finding->file, "log/", 4) == 0;
}

static void
on_finding(void *ctx, const struct spool_finding *finding)
{
	struct stock *stock = ctx;
	struct stock_finding *grown =
	    grow(stock, stock->finding, stock->findings, &stock->findings_size, sizeof *grown);

	if (grown == NULL)
		return;
	stock->finding = grown;
	grown += stock->findings++;
	grown->of = *finding;
	snprintf(grown->name, sizeof grown->name, "%s", finding->file);
	if (!is_blind(finding) || stock->history == NULL)
		return;

	const struct stock_message message = {
		.id = finding->id,
		.place = { finding->segment, (uint32_t)finding->offset },
		.is_damaged = true,
		.is_blind = true,
	};

	add_message(stock, &message);
}

static void
on_segment(void *ctx, uint64_t segment)
{
	struct stock *stock = ctx;

	(void)segment;
	stock->segments++;
}

static void
on_outcome(void *ctx, uint64_t segment, const struct outcome *outcome)
{
	struct stock *stock = ctx;

	stock->outcomes++;
	if (!history_add(stock->history, segment, outcome))
		stock->is_short = true;
}

/* Whether each recipient is among those that are done. */
static bool
has_all(const struct past *past, size_t nrcpt)
{
	size_t found = 0;

	for (uint32_t rcpt = 0; rcpt < nrcpt; rcpt++)
		for (size_t i = 0; i < past->ndone; i++)
			if (past->done[i] == rcpt) {
				found++;
				break;
			}
	return found == nrcpt;
}

static void
on_message(void *ctx, struct spool_record *record)
{
	struct stock *stock = ctx;
	const struct envelope *envelope = record->envelope;
	struct stock_message message = {
		.id = record->id,
		.place = record->place,
		.is_large = record->is_large,
		.is_held = envelope->held,
	};
	size_t before = stock->count;

	add_message(stock, &message);
	if (stock->count > before && stock->message[before].past != NULL) {
		struct stock_message *added = &stock->message[before];
		const struct past *past = added->past;

		added->is_held = past->held || (added->is_held && !past->released);
		added->is_done = past->removed || past->moved || has_all(past, envelope->nrcpt);
	}
	stock->octets += record->content_len;
	envelope_free(&record->envelope);
}

static void
on_large(void *ctx, uint64_t id)
{
	struct stock *stock = ctx;
	void *grown =
	    grow(stock, stock->large, stock->nlarge, &stock->large_size, sizeof *stock->large);

	if (grown == NULL)
		return;
	stock->large = grown;
	stock->large[stock->nlarge++] = id;
}

static int
by_id(const void *a, const void *b)
{
	const struct stock_message *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->place.segment != y->place.segment)
		return x->place.segment < y->place.segment ? -1 : 1;
	return x->place.offset < y->place.offset ? -1 : x->place.offset > y->place.offset;
}

/* As outbound/feed.c has it: a record supersedes those before it unless it was moved itself. */
static void
supersede(struct stock *stock)
{
	if (stock->count > 1)
		qsort(stock->message, stock->count, sizeof *stock->message, by_id);
	for (size_t i = stock->count; i > 1; i--) {
		const struct stock_message *later = &stock->message[i - 1];
		struct stock_message *earlier = &stock->message[i - 2];

		if (earlier->id == later->id && !later->is_blind &&
		    (later->past == NULL || !later->past->moved))
			earlier->is_done = true;
	}
	for (size_t i = 0; i < stock->count; i++)
		if (stock->message[i].is_blind && stock->message[i].past != NULL)
			stock->message[i].is_done |=
			    stock->message[i].past->removed || stock->message[i].past->moved;
}

/* For the daemon that is no damage: it tries again.  error is an errno. */
static void
tell_unreadable(struct stock *stock, const struct stock_message *message, int error)
{
	char file[64], id[ID_TEXT_SIZE];
	const struct spool_finding finding = {
		.file = file,
		.segment = message->place.segment,
		.offset = message->place.offset,
		.id = message->id,
		.what = strerror(error),
		.error = error,
	};

	id_format(message->id, id);
	if (message->is_large)
		snprintf(file, sizeof file, "large/%s.msg", id);
	else
		snprintf(file, sizeof file, "log/%016" PRIx64 ".seg", message->place.segment);
	on_finding(stock, &finding);
}

static int
check_contents(struct stock *stock)
{
	struct evbuffer *content = evbuffer_new();
	int result = content == NULL ? -1 : 0;

	for (size_t i = 0; result == 0 && i < stock->count; i++) {
		struct stock_message *message = &stock->message[i];
		uint64_t len;
		int fd = -1, read;

		if (message->is_blind || (message->is_done && message->is_large))
			continue;
		read = spool_read_content(stock->spool, &message->place, content, &fd, &len);
		if (read < 0 && !disk_is_short(errno)) {
			tell_unreadable(stock, message, errno);
			message->is_unreadable = true;
			read = 1;
		}
		message->is_damaged = read == 1;
		result = read < 0 ? -1 : 0;
		evbuffer_drain(content, evbuffer_get_length(content));
		if (fd >= 0)
			close(fd);
	}
	if (content != NULL)
		evbuffer_free(content);
	return result;
}

static int
complain(const char *path, const char *why, int code)
{
	fprintf(stderr, "posternctl: %s: %s\n", path, why);
	return code;
}

static int
lock(struct stock *stock, const char *path)
{
	const char *why;

	stock->lock = spool_lock_idle(path, &why);
	if (stock->lock >= 0)
		return EX_OK;
	switch (errno) {
	case EWOULDBLOCK:
	case EBUSY:
		fprintf(stderr, "posternctl: %s: %s; stop it first\n", path, why);
		return EX_TEMPFAIL;
	case EACCES:
	case EPERM:
		return complain(path, why, EX_NOPERM);
	default:
		return complain(path, why, EX_NOINPUT);
	}
}

static int
complain_of_opening(const char *path)
{
	if (errno == ENOTDIR)
		return complain(
		    path, "log, large and damaged in it must be directories", EX_NOINPUT);
	return complain(path, strerror(errno), errno == EACCES ? EX_NOPERM : EX_NOINPUT);
}

static void
say_missing(const char *path, const char *name)
{
	fprintf(stderr, "posternctl: %s: %s/ is missing\n", path, name);
}

int
stock_take(struct stock *stock, const char *path)
{
	static const struct spool_inspect_events events = { on_segment, on_outcome, on_message,
		on_large };

	uint64_t last;

	*stock = (struct stock){ .lock = -1 };

	int code = lock(stock, path);

	if (code != EX_OK)
		return code;
	if (spool_last_segment(path, &last) < 0 && errno != ENOENT)
		return complain_of_opening(path);
	stock->board.next_segment = last + 1;
	stock->history = history_new(NULL);
	stock->spool = spool_open_found(path, &stock->board, say_missing);
	if (stock->spool == NULL || stock->history == NULL)
		return complain_of_opening(path);
	if (stock->spool->log < 0 && stock->spool->large < 0)
		return complain(path, "this is no spool of postern", EX_NOINPUT);
	stock->spool->on_finding = on_finding;
	stock->spool->finding_ctx = stock;
	if (spool_inspect(stock->spool, &events, stock) < 0)
		return complain(path, strerror(errno), errno == EACCES ? EX_NOPERM : EX_IOERR);
	supersede(stock);
	/* From here on a record of a finding is in the list already. */
	history_free(&stock->history);
	if (check_contents(stock) < 0)
		return complain(path, strerror(errno), EX_IOERR);
	return stock->is_short ? complain(path, strerror(ENOMEM), EX_OSERR) : EX_OK;
}

void
stock_free(struct stock *stock)
{
	for (size_t i = 0; i < stock->count; i++)
		past_free(&stock->message[i].past);
	free(stock->message);
	free(stock->finding);
	free(stock->large);
	history_free(&stock->history);
	spool_close(&stock->spool);
	if (stock->lock >= 0)
		close(stock->lock);
}

bool
stock_needs_large(const struct stock *stock, uint64_t id)
{
	for (size_t low = 0, high = stock->count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (stock->message[middle].id < id)
			low = middle + 1;
		else if (stock->message[middle].id > id || stock->message[middle].is_done)
			high = middle;
		else
			return true;
	}
	return false;
}
