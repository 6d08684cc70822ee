/* SPDX-License-Identifier: ISC */
/*
 * large.c - sweeping large/.  A file whose message is known is never touched, however old; one that
 * may belong to a record that could not be read is set aside, not removed.
 */
#include "config.h"

#include "spool/large.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "spool/damage.h"
#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/spool.h"

struct sweep {
	struct spool_outcomes *outcomes;
	bool (*is_known)(void *ctx, uint64_t id);
	void *ctx;
	int64_t older_ms;
	bool is_kept; /* for an operator to look at */
	int count;
};

static bool
see_any(void *ctx, const char *name)
{
	bool *any = ctx;

	*any = name[0] != '.';
	return !*any;
}

static bool
set_aside(const struct spool *spool, uint64_t id)
{
	char name[NAME_SIZE];

	name_large(id, name);
	return damage_move(spool, spool->large, name) == 0;
}

static bool
sweep_one(void *ctx, const char *name)
{
	struct sweep *sweep = ctx;
	struct stat st;
	uint64_t id;

	if (!name_is_large(name, &id) ||
	    fstatat(sweep->outcomes->spool->large, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if ((int64_t)st.st_mtim.tv_sec * 1000 >= sweep->older_ms || sweep->is_known(sweep->ctx, id))
		return true;
	if (outcome_sync_then(
		sweep->outcomes->sync, sweep->is_kept ? set_aside : recycle_large, id) == 0)
		sweep->count++;
	return true;
}

int
spool_large_sweep(struct spool_outcomes *outcomes, bool (*is_known)(void *ctx, uint64_t id),
    void *ctx, int64_t older_ms)
{
	struct sweep sweep = {
		.outcomes = outcomes,
		.is_known = is_known,
		.ctx = ctx,
		.older_ms = older_ms,
	};

	/* The record may come back with the next start, and then needs its content. */
	if (outcomes->spool->is_unread) {
		log_warning("large_not_swept", log_s("why", "not all segments could be read"));
		return 0;
	}
	if (name_walk(outcomes->spool->damaged, see_any, &sweep.is_kept) < 0)
		return -1;
	if (name_walk(outcomes->spool->large, sweep_one, &sweep) < 0)
		return -1;
	if (sweep.count > 0)
		log_info("large_swept", log_d("files", sweep.count));
	return sweep.count;
}
