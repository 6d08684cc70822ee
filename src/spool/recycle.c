/* SPDX-License-Identifier: ISC */
/*
 * recycle.c - the end of segments and large files whose messages are all done.
 * The order: outcomes are durable (the caller saw to it), then the segment loses its name, then
 * log/ is synced, then the outcomes go.  So whenever a segment exists after a crash, its outcomes
 * do too.  How many spares may stay is decided later (spare_trim).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/spare.h"
#include "spool/spool.h"

/* Only a file of full size saves a later writer the work. */
static bool
is_worth_keeping(const struct spool *spool, const char *name)
{
	struct stat st;

	return fstatat(spool->log, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (uint64_t)st.st_size == spool->segment_size && spare_count(spool) < SPOOL_SPARE_MAX;
}

bool
recycle_segment(const struct spool *spool, uint64_t segment)
{
	char name[NAME_SIZE], spare[NAME_SIZE], out[NAME_SIZE];
	int result;

	name_segment(segment, "seg", name);
	name_segment(segment, "spare", spare);
	name_segment(segment, "out", out);
	result = is_worth_keeping(spool, name)
		     ? spool->disk->renameat(spool->log, name, spool->log, spare)
		     : spool->disk->unlinkat(spool->log, name, 0);
	if ((result < 0 && errno != ENOENT) || spool->disk->fsync_dir(spool->log) < 0) {
		/* The outcomes stay, so the next start finds all of it done and tries again. */
		log_error("segment_not_dropped", log_d("segment", segment),
		    log_s("why", strerror(errno)));
		return false;
	}
	spool->disk->unlinkat(spool->log, out, 0);
	return true;
}

bool
recycle_large(const struct spool *spool, uint64_t id)
{
	char name[NAME_SIZE];

	name_large(id, name);
	return spool->disk->unlinkat(spool->large, name, 0) == 0;
}
