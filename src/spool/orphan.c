/* SPDX-License-Identifier: ISC */
/*
 * orphan.c - SEGMENT.out whose segment is gone.
 * A segment goes when all of its messages have ended, and only then: where the outcomes tell of one
 * that has not, it was lost, and what they tell is all that is known of it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/damage.h"
#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/spool.h"

/* An outcome, by the place of its message and the order of time. */
struct entry {
	uint64_t id;
	uint32_t offset;
	uint32_t number;
	bool is_end;
};

struct story {
	struct entry *entry;
	size_t count, size;
	bool is_short; /* of memory */
};

static bool
is_end(enum outcome_kind kind)
{
	return kind == OUTCOME_DELIVERED || kind == OUTCOME_FAILED || kind == OUTCOME_REMOVED ||
	       kind == OUTCOME_MOVED;
}

static void
add_outcome(void *ctx, uint64_t at, const struct outcome *outcome)
{
	struct story *story = ctx;

	(void)at;
	if (story->count == story->size) {
		size_t size = story->size > 0 ? story->size * 2 : 64;
		struct entry *entry = reallocarray(story->entry, size, sizeof *entry);

		story->is_short |= entry == NULL;
		if (entry == NULL)
			return;
		story->entry = entry;
		story->size = size;
	}
	story->entry[story->count] = (struct entry){
		.id = outcome->id,
		.offset = outcome->offset,
		.number = (uint32_t)story->count,
		.is_end = is_end(outcome->kind),
	};
	story->count++;
}

static int
compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* The last word on a message that has not ended; NULL: there is none. */
static const struct entry *
find_open_end(struct story *story)
{
	if (story->count > 0)
		qsort(story->entry, story->count, sizeof *story->entry, compare);
	for (size_t i = 0; i < story->count; i++) {
		const struct entry *entry = &story->entry[i];

		if (!entry->is_end && (i + 1 == story->count || entry[1].offset != entry->offset))
			return entry;
	}
	return NULL;
}

/* Whether the outcomes may go. */
static bool
is_over(const struct spool *spool, const char *name, uint64_t number)
{
	int fd = spool->disk->openat(spool->log, name, O_RDONLY | O_NONBLOCK, 0);
	struct story story = { 0 };
	uint64_t at = 0;
	const struct entry *open_end;
	bool is_read;

	if (fd < 0)
		return false;
	is_read = outcomes_follow(spool->disk, fd, number, &at, add_outcome, &story) == 0 &&
		  !story.is_short;
	close(fd);
	open_end = is_read ? find_open_end(&story) : NULL;
	if (open_end != NULL) {
		const struct damage damage = {
			.segment = number,
			.offset = open_end->offset,
			.id = open_end->id,
			.what = "the segment is missing: its outcomes tell of mail that has not "
				"ended",
		};

		damage_lost_segment(spool, &damage);
	}
	free(story.entry);
	return is_read && open_end == NULL;
}

struct orphans {
	const struct spool *spool;
	bool is_synced; /* log/ was, so that their segments are gone for good */
};

static bool
clear_one(void *ctx, const char *name)
{
	struct orphans *orphans = ctx;
	const struct spool *spool = orphans->spool;
	char segment[NAME_SIZE];
	uint64_t number;

	if (!name_is_segment(name, "out", &number) || name_is_stray(name, &number))
		return true;
	name_segment(number, "seg", segment);
	if (faccessat(spool->log, segment, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return true;
	if (!is_over(spool, name, number) || spool->on_finding != NULL)
		return true;
	if (!orphans->is_synced && spool->disk->fsync_dir(spool->log) < 0)
		return false;
	orphans->is_synced = true;
	spool->disk->unlinkat(spool->log, name, 0);
	return true;
}

void
orphans_clear(const struct spool *spool)
{
	struct orphans orphans = { .spool = spool };

	name_walk(spool->log, clear_one, &orphans);
}
