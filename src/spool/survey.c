/* SPDX-License-Identifier: ISC */
/*
 * survey.c - finding records where the chain of lengths is broken, or its end unknown.
 * Every record stands at a multiple of RECORD_ALIGN and its head has a checksum of its own, so a
 * search costs one comparison for each place and can follow the lengths again from the first sound
 * head.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "spool/tail.h"
#include "spool/window.h"

enum { AHEAD = 64 * 1024 };

int
tail_find(
    const struct tail *tail, struct window *window, uint32_t from, uint32_t limit, uint32_t *found)
{
	struct record record;

	for (*found = from; *found + (uint64_t)RECORD_HEAD <= limit; *found += RECORD_ALIGN) {
		const unsigned char *head =
		    window_at(window, tail->fd, *found, RECORD_HEAD, limit, AHEAD);

		if (head == NULL && errno != 0)
			return -1;
		if (head == NULL)
			break;
		if (record_decode(head, tail->number, *found, &record) == RECORD_SOUND)
			return 0;
	}
	*found = limit;
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

		end = next < size ? (uint32_t)next : size;
		at = end;
	}
	tail->limit = end;
	return 0;
}
