/* SPDX-License-Identifier: ISC */
/*
 * survey.c - finding records where the chain of lengths is broken, or its end unknown.
 * Every record stands at a multiple of RECORD_ALIGN and its head has a checksum of its own, so a
 * search costs one comparison for each place and can follow the lengths again from the first sound
 * head.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/name.h"
#include "spool/reader.h"
#include "spool/spool.h"
#include "spool/tail.h"
#include "spool/window.h"

enum {
	AHEAD = 64 * 1024,
	PAGE = 4096,
	UNREADABLE_MAX = 64, /* pages: a disk may take seconds for each */
};

/* Where to look next after the disk refused to read at `at`; limit when it has refused too often.
 */
static uint32_t
behind_unreadable(struct tail *tail, uint32_t at, uint32_t limit)
{
	uint32_t next = (at / PAGE + 1) * PAGE;

	tail->unreadable++;
	return tail->unreadable < UNREADABLE_MAX && next < limit ? next : limit;
}

int
tail_find(struct tail *tail, struct window *window, uint32_t from, uint32_t limit, uint32_t *found)
{
	struct record record;
	uint32_t at = from;

	*found = limit;
	while (at + (uint64_t)RECORD_HEAD <= limit) {
		const unsigned char *head =
		    window_at(window, tail->fd, at, RECORD_HEAD, limit, AHEAD);

		if (head == NULL && errno == EIO) {
			at = behind_unreadable(tail, at, limit);
			continue;
		}
		if (head == NULL)
			return errno == 0 ? 0 : -1;
		if (record_decode(head, tail->number, at, &record) == RECORD_SOUND) {
			*found = at;
			return 0;
		}
		at += RECORD_ALIGN;
	}
	return 0;
}

int
tail_survey(struct tail *tail, struct window *window, uint32_t size)
{
	uint32_t at = tail->offset, end = tail->offset;
	struct record record;

	window_reset(window);
	for (;;) {
		if (tail_find(tail, window, at, size, &at) < 0)
			return -1;
		if (at >= size)
			break;

		const unsigned char *head =
		    window_at(window, tail->fd, at, RECORD_HEAD, size, AHEAD);

		if (head == NULL || record_decode(head, tail->number, at, &record) != RECORD_SOUND)
			break;
		if (record.durable > tail->durable && record.durable <= at)
			tail->durable = record.durable;

		uint64_t next = at + record_size(&record);

		tail->last = at;
		tail->heads++;
		tail->is_cut_off = next > size;
		end = next < size ? (uint32_t)next : size;
		at = end;
	}
	tail->limit = end;
	return 0;
}

uint32_t
spool_count_records(const struct spool *spool, uint64_t segment)
{
	struct tail tail = { .number = segment, .offset = SEGMENT_HEAD };
	struct window *window = window_new(spool->disk);
	char name[NAME_SIZE];
	struct stat st;

	name_segment(segment, "seg", name);
	tail.fd = openat(spool->log, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (window != NULL && tail.fd >= 0 && fstat(tail.fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)tail_survey(&tail, window,
		    st.st_size < TAIL_SIZE_MAX ? (uint32_t)st.st_size : TAIL_SIZE_MAX);
	window_free(&window);
	tail_close(&tail);
	return tail.heads;
}
