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
#include "spool/name.h"
#include "spool/spool.h"

struct sweep {
	struct spool *spool;
	bool (*is_known)(void *ctx, uint64_t id);
	void *ctx;
	int64_t older_ms;
	bool is_kept; /* for an operator to look at */
	int removed;
};

static bool
see_any(void *ctx, const char *name)
{
	bool *any = ctx;

	*any = name[0] != '.';
	return !*any;
}

static bool
sweep_one(void *ctx, const char *name)
{
	struct sweep *sweep = ctx;
	struct stat st;
	uint64_t id;

	if (!name_is_large(name, &id) ||
	    fstatat(sweep->spool->large, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if (st.st_mtim.tv_sec * 1000 >= sweep->older_ms || sweep->is_known(sweep->ctx, id))
		return true;

	const struct disk_ops *disk = sweep->spool->disk;
	int result = sweep->is_kept
			 ? disk->renameat(sweep->spool->large, name, sweep->spool->damaged, name)
			 : disk->unlinkat(sweep->spool->large, name, 0);

	if (result == 0)
		sweep->removed++;
	return true;
}

int
spool_large_sweep(
    struct spool *spool, bool (*is_known)(void *ctx, uint64_t id), void *ctx, int64_t older_ms)
{
	struct sweep sweep = {
		.spool = spool,
		.is_known = is_known,
		.ctx = ctx,
		.older_ms = older_ms,
	};

	if (name_walk(spool->damaged, see_any, &sweep.is_kept) < 0)
		return -1;
	if (name_walk(spool->large, sweep_one, &sweep) < 0)
		return -1;
	if (sweep.removed > 0)
		log_info("large_swept", log_d("files", sweep.removed));
	return sweep.removed;
}
