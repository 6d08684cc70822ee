/* SPDX-License-Identifier: ISC */
/*
 * last_reply.c - see last_reply.h.  Of each segment there is a list of replies, by the record that
 * they are of; what is new stands behind in the order of the file, until it is much.
 */
#include "config.h"

#include "spool/last_reply.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/spool.h"

enum { TAIL_MAX = 1024, FIRST_SIZE = 2 * TAIL_MAX };

struct reply {
	uint32_t offset; /* of the record */
	uint32_t at;     /* of the outcome in SEGMENT.out */
};

struct replies {
	uint64_t segment; /* 0: unused */
	uint64_t used;
	uint64_t end; /* of what was read of the file */
	struct reply *list;
	size_t sorted, count, size;
	bool is_short; /* of memory */
};

struct last_replies {
	const struct spool *spool;
	uint64_t uses;
	struct replies of[LAST_REPLY_SEGMENTS];
};

struct last_replies *
last_replies_new(const struct spool *spool)
{
	struct last_replies *replies = calloc(1, sizeof *replies);

	if (replies != NULL)
		replies->spool = spool;
	return replies;
}

static void
forget(struct replies *replies)
{
	free(replies->list);
	*replies = (struct replies){ 0 };
}

void
last_replies_free(struct last_replies **replies)
{
	if (*replies == NULL)
		return;
	for (size_t i = 0; i < LAST_REPLY_SEGMENTS; i++)
		forget(&(*replies)->of[i]);
	free(*replies);
	*replies = NULL;
}

/* The segment's, or else the ones that were used least lately, for it. */
static struct replies *
find_segment(struct last_replies *replies, uint64_t segment)
{
	struct replies *found = &replies->of[0];

	for (size_t i = 0; i < LAST_REPLY_SEGMENTS && found->segment != segment; i++)
		if (replies->of[i].segment == segment || replies->of[i].used < found->used)
			found = &replies->of[i];
	if (found->segment != segment)
		forget(found);
	found->segment = segment;
	found->used = ++replies->uses;
	return found;
}

static int
compare(const void *a, const void *b)
{
	const struct reply *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->at == y->at ? 0 : x->at < y->at ? -1 : 1;
}

/* In the order of their records, the last reply of each. */
static void
sort(struct replies *replies)
{
	size_t kept = 0;

	if (replies->count > 0)
		qsort(replies->list, replies->count, sizeof *replies->list, compare);
	for (size_t i = 0; i < replies->count; i++) {
		if (kept > 0 && replies->list[kept - 1].offset == replies->list[i].offset)
			kept--;
		replies->list[kept++] = replies->list[i];
	}
	replies->count = replies->sorted = kept;
}

static bool
make_room(struct replies *replies)
{
	if (replies->count < replies->size)
		return true;
	sort(replies);
	if (replies->count < replies->size / 2)
		return true;

	size_t size = replies->size == 0 ? FIRST_SIZE : replies->size * 2;
	struct reply *list = reallocarray(replies->list, size, sizeof *list);

	if (list == NULL)
		return false;
	replies->list = list;
	replies->size = size;
	return true;
}

static void
on_outcome(void *ctx, uint64_t at, const struct outcome *outcome)
{
	struct replies *replies = ctx;

	if (outcome->kind != OUTCOME_DEFERRED || outcome->reply == NULL || at > UINT32_MAX)
		return;
	if (make_room(replies))
		replies->list[replies->count++] = (struct reply){ outcome->offset, (uint32_t)at };
	else
		replies->is_short = true;
}

/* Read what the file has that is not known yet. */
static bool
catch_up(const struct disk_ops *disk, struct replies *replies, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	/* Behind the last outcome is a mark. */
	if ((uint64_t)st.st_size < replies->end + OUTCOME_HEAD)
		return true;
	if (outcomes_follow(disk, fd, replies->segment, &replies->end, on_outcome, replies) == -1)
		return false;
	if (replies->count - replies->sorted > TAIL_MAX)
		sort(replies);
	return !replies->is_short;
}

static const struct reply *
find(const struct replies *replies, uint32_t offset)
{
	size_t low = 0, high = replies->sorted;

	for (size_t i = replies->count; i > replies->sorted; i--)
		if (replies->list[i - 1].offset == offset)
			return &replies->list[i - 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (replies->list[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < replies->sorted && replies->list[low].offset == offset ? &replies->list[low]
									    : NULL;
}

static bool
read_reply(const struct replies *replies, int fd, uint32_t offset, char out[OUTCOME_REPLY_MAX + 1])
{
	const struct reply *reply = find(replies, offset);
	unsigned char bytes[OUTCOME_SIZE_MAX];
	struct outcome outcome;

	if (reply == NULL)
		return false;

	ssize_t len = pread(fd, bytes, sizeof bytes, (off_t)reply->at);

	return len > 0 && outcome_decode(replies->segment, bytes, (size_t)len, &outcome, out) > 0 &&
	       outcome.offset == offset;
}

bool
last_reply_read(
    struct last_replies *replies, const struct spool_place *place, char out[OUTCOME_REPLY_MAX + 1])
{
	const struct spool *spool = replies->spool;
	struct replies *segment = find_segment(replies, place->segment);
	char name[NAME_SIZE];

	name_segment(place->segment, "out", name);

	int fd = spool->disk->openat(spool->log, name, O_RDONLY, 0);
	bool is_read = fd >= 0 && catch_up(spool->disk, segment, fd) &&
		       read_reply(segment, fd, place->offset, out);

	if (segment->is_short)
		forget(segment);
	if (fd >= 0)
		close(fd);
	return is_read;
}
