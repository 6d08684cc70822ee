/* SPDX-License-Identifier: ISC */
/*
 * spool_check.c - tell what is not sound in a spool, and set it aside if that is asked for.
 * A repair only renames and writes new files: what it takes out of the log lies in damaged/ then.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/id.h"
#include "base/str.h"
#include "ctl/spool.h"
#include "ctl/stock.h"

struct totals {
	uint64_t waiting, held, done, damaged, orphans, damage, torn;
};

static struct totals
count(const struct stock *stock)
{
	struct totals totals = { 0 };

	for (size_t i = 0; i < stock->count; i++) {
		const struct stock_message *message = &stock->message[i];

		if (message->is_done)
			totals.done++;
		else if (message->is_damaged)
			totals.damaged++;
		else if (message->is_held)
			totals.held++;
		else
			totals.waiting++;
	}
	for (size_t i = 0; i < stock->nlarge; i++)
		totals.orphans += !stock_needs_large(stock, stock->large[i]);
	for (size_t i = 0; i < stock->findings; i++)
		if (stock->finding[i].of.is_torn)
			totals.torn++;
		else
			totals.damage++;
	return totals;
}

static const char *
kind(const struct spool_finding *finding)
{
	if (finding->error != 0)
		return "unreadable";
	return finding->is_torn ? "torn" : "damage";
}

static json_t *
finding_json(const struct stock_finding *finding)
{
	char id[ID_TEXT_SIZE] = "";

	if (finding->of.id != 0)
		id_format(finding->of.id, id);
	return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s*}", "file", finding->name, "segment",
	    (json_int_t)finding->of.segment, "offset", (json_int_t)finding->of.offset, "length",
	    (json_int_t)finding->of.len, "kind", kind(&finding->of), "what", finding->of.what, "id",
	    finding->of.id != 0 ? id : NULL);
}

static void
print_json(const struct stock *stock, const struct totals *totals)
{
	json_t *list = json_array(), *all;

	for (size_t i = 0; i < stock->findings; i++)
		json_array_append_new(list, finding_json(&stock->finding[i]));
	all = json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "findings",
	    list, "damage", (json_int_t)totals->damage, "torn", (json_int_t)totals->torn,
	    "segments", (json_int_t)stock->segments, "messages", (json_int_t)stock->count,
	    "waiting", (json_int_t)totals->waiting, "held", (json_int_t)totals->held, "done",
	    (json_int_t)totals->done, "damaged", (json_int_t)totals->damaged, "octets",
	    (json_int_t)stock->octets, "large_without_record", (json_int_t)totals->orphans,
	    "outcomes", (json_int_t)stock->outcomes);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void
print_text(const struct stock *stock, const struct totals *totals)
{
	for (size_t i = 0; i < stock->findings; i++) {
		const struct spool_finding *finding = &stock->finding[i].of;
		char id[ID_TEXT_SIZE] = "-";

		if (finding->id != 0)
			id_format(finding->id, id);
		printf("%s: %s segment=%" PRIu64 " offset=%" PRIu64 " length=%" PRIu64
		       " id=%s: %s\n",
		    stock->finding[i].name, kind(finding), finding->segment, finding->offset,
		    finding->len, id, finding->what);
	}
	printf("%" PRIu64 " segment%s, %zu message%s: %" PRIu64 " waiting, %" PRIu64
	       " held, %" PRIu64 " done, %" PRIu64 " damaged\n",
	    stock->segments, str_plural(stock->segments), stock->count, str_plural(stock->count),
	    totals->waiting, totals->held, totals->done, totals->damaged);
	printf("%" PRIu64 " octets, %" PRIu64 " outcome%s, %" PRIu64
	       " large file%s without a record that needs it\n",
	    stock->octets, stock->outcomes, str_plural(stock->outcomes), totals->orphans,
	    str_plural(totals->orphans));
	printf("%" PRIu64 " damaged, %" PRIu64 " torn end%s\n", totals->damage, totals->torn,
	    str_plural(totals->torn));
}

static int
by_place(const void *a, const void *b)
{
	const struct spool_place *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The places of all that is sound and not done, in the order of the log; NULL without memory. */
static struct spool_place *
list_kept(const struct stock *stock, size_t *count)
{
	struct spool_place *kept = calloc(stock->count + 1, sizeof *kept);

	*count = 0;
	for (size_t i = 0; kept != NULL && i < stock->count; i++)
		if (!stock->message[i].is_done && !stock->message[i].is_damaged)
			kept[(*count)++] = stock->message[i].place;
	if (*count > 1)
		qsort(kept, *count, sizeof *kept, by_place);
	return kept;
}

static int
repair_segment(struct stock *stock, uint64_t segment, const struct spool_place *kept, size_t count)
{
	uint32_t *offset = calloc(count + 1, sizeof *offset);
	size_t n = 0;

	if (offset == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (kept[i].segment == segment)
			offset[n++] = kept[i].offset;

	uint64_t number = n > 0 ? stock->board.next_segment++ : 0;
	int result = spool_rewrite(stock->spool, segment, number, offset, n);

	if (result == 0)
		fprintf(stderr,
		    "posternctl: segment %" PRIu64 " is set aside in damaged/; messages of it that "
		    "go on: %zu\n",
		    segment, n);
	free(offset);
	return result;
}

static bool
is_first_of_segment(const struct stock *stock, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (stock->finding[i].of.segment == stock->finding[at].of.segment)
			return false;
	return true;
}

/* What cannot be read now may be sound: its segment is left as it is.  EX_OK, or another status. */
static int
complain_of_unreadable(const struct stock *stock, uint64_t segment)
{
	for (size_t i = 0; i < stock->findings; i++) {
		const struct spool_finding *finding = &stock->finding[i].of;

		if (finding->segment != segment || finding->error == 0)
			continue;
		fprintf(stderr,
		    "posternctl: segment %" PRIu64 " is left as it is, for %s cannot be read: %s\n",
		    segment, stock->finding[i].name, finding->what);
		return finding->error == EACCES || finding->error == EPERM ? EX_NOPERM : EX_IOERR;
	}
	return EX_OK;
}

static int
repair(struct stock *stock)
{
	size_t count;
	struct spool_place *kept = list_kept(stock, &count);
	int result = kept == NULL ? -1 : 0, code = EX_OK;

	for (size_t i = 0; result == 0 && i < stock->count; i++) {
		const struct stock_message *message = &stock->message[i];

		if (message->is_large && message->is_damaged && !message->is_unreadable &&
		    !message->is_done)
			result = spool_set_large_aside(stock->spool, message->id);
	}
	for (size_t i = 0; result == 0 && i < stock->findings; i++) {
		uint64_t segment = stock->finding[i].of.segment;
		int left =
		    is_first_of_segment(stock, i) ? complain_of_unreadable(stock, segment) : EX_OK;

		if (left != EX_OK)
			code = left;
		else if (is_first_of_segment(stock, i))
			result = repair_segment(stock, segment, kept, count);
	}
	if (result < 0)
		fprintf(stderr, "posternctl: cannot repair: %s\n", strerror(errno));
	free(kept);
	return result < 0 ? EX_IOERR : code;
}

static bool
may_repair(const struct stock *stock, const char *path)
{
	if (stock->spool->log >= 0 && stock->spool->damaged >= 0)
		return true;
	fprintf(
	    stderr, "posternctl: %s: a repair needs log/ and damaged/; make them first\n", path);
	return false;
}

int
spool_check(const char *path, const struct spool_options *options)
{
	struct stock stock;
	int code = stock_take(&stock, path);

	if (code == EX_OK) {
		struct totals totals = count(&stock);

		(options->json ? print_json : print_text)(&stock, &totals);
		code = totals.damage + totals.torn > 0 ? EX_DATAERR : EX_OK;
		if (options->repair)
			code = may_repair(&stock, path) ? repair(&stock) : EX_CANTCREAT;
	}
	stock_free(&stock);
	return code;
}
