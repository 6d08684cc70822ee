/* SPDX-License-Identifier: ISC */
/*
 * outcome_stamp.c - the segment remembers that it has outcomes, so that their file cannot go
 * unseen. The stamp is written when the file and its name are durable, into a sector of the first
 * block that nobody else writes; and SEGMENT.out goes only after its segment.  So where a stamp
 * stands and no such file, it was taken away.  A stamp that was lost with the power costs only
 * that.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/record.h"
#include "spool/spool.h"

/* The segment's first block, if it is its own: the descriptor, or -1. */
static int
open_own(const struct spool *spool, uint64_t segment, int mode, unsigned char head[SEGMENT_HEAD])
{
	struct segment_frame frame;
	char name[NAME_SIZE];
	struct stat st;
	int fd;

	name_segment(segment, "seg", name);
	fd = spool->disk->openat(spool->log, name, mode | O_NONBLOCK | O_NOFOLLOW, 0);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    disk_read_all(fd, head, SEGMENT_HEAD, 0) == 0 && segment_frame_decode(head, &frame) &&
	    frame.number == segment)
		return fd;
	close(fd);
	return -1;
}

void
outcomes_stamp(const struct spool *spool, uint64_t segment)
{
	unsigned char head[SEGMENT_HEAD], mark[SEGMENT_MARK];
	struct iovec iov = { mark, sizeof mark };
	int fd = open_own(spool, segment, O_RDWR, head);

	if (fd < 0)
		return;
	segment_mark_encode(segment, SEGMENT_STAMP_AT, mark);
	if (!segment_mark_is_sound(head + SEGMENT_STAMP_AT, segment, SEGMENT_STAMP_AT))
		(void)disk_write_all(spool->disk, fd, &iov, 1, SEGMENT_STAMP_AT);
	close(fd);
}

bool
outcomes_were_there(const struct spool *spool, uint64_t segment)
{
	unsigned char head[SEGMENT_HEAD];
	int fd = open_own(spool, segment, O_RDONLY, head);

	if (fd < 0)
		return false;
	close(fd);
	return segment_mark_is_sound(head + SEGMENT_STAMP_AT, segment, SEGMENT_STAMP_AT);
}
