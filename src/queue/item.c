/* SPDX-License-Identifier: ISC */
/* item.c - what an item of the queue tells by itself; see queue.h. */
#include "queue/item.h"

#include "base/id.h"
#include "queue/queue.h"
#include "spool/reader.h"

bool
item_has_map(const struct queue_item *item)
{
	return item->nrcpt > ITEM_MAP_BITS;
}

static uint64_t *
word_of(struct queue_item *item, uint32_t rcpt)
{
	return item_has_map(item) ? &item->done.map[rcpt / ITEM_MAP_BITS] : &item->done.bits;
}

bool
queue_rcpt_is_done(const struct queue_item *item, uint32_t rcpt)
{
	uint64_t word = item_has_map(item) ? item->done.map[rcpt / ITEM_MAP_BITS] : item->done.bits;

	return (word >> (rcpt % ITEM_MAP_BITS) & 1) != 0;
}

bool
queue_rcpt_done(struct queue_item *item, uint32_t rcpt)
{
	if (rcpt < item->nrcpt)
		*word_of(item, rcpt) |= UINT64_C(1) << (rcpt % ITEM_MAP_BITS);
	return queue_is_done(item);
}

bool
queue_is_done(const struct queue_item *item)
{
	const uint64_t *word = item_has_map(item) ? item->done.map : &item->done.bits;
	uint32_t left = item->nrcpt;

	for (; left >= ITEM_MAP_BITS; left -= ITEM_MAP_BITS)
		if (*word++ != UINT64_MAX)
			return false;
	return left == 0 || *word == (UINT64_C(1) << left) - 1;
}

void
queue_set_attempts(struct queue_item *item, uint64_t attempts)
{
	enum { MOST = (1 << 15) - 1 };

	item->attempts = (attempts < MOST ? attempts : MOST) & MOST;
}

int64_t
queue_release_ms(const struct queue_item *item)
{
	return item->release_s > 0 ? id_time_ms(item->id) + (int64_t)item->release_s * 1000 : 0;
}

/* An attempt, a moment's rest, or an operator gives it another next try. */
bool
item_is_due_at_release(const struct queue_item *item)
{
	int64_t release = queue_release_ms(item);

	return release > 0 && item->attempts == 0 && item->next_try_ms > release - 1000 &&
	       item->next_try_ms <= release;
}

bool
queue_awaits_release(const struct queue_item *item)
{
	return item->state == QUEUE_WAITING && item_is_due_at_release(item);
}

uint64_t
queue_age_ms(const struct queue_item *item, int64_t now_ms)
{
	int64_t release = queue_release_ms(item);

	if (release == 0)
		return id_age_ms(item->id, now_ms);
	return now_ms > release ? (uint64_t)(now_ms - release) : 0;
}

struct spool_place
queue_place(const struct queue_item *item)
{
	return (struct spool_place){
		.segment = item->place >> ITEM_OFFSET_BITS,
		.offset = (uint32_t)(item->place & ((UINT64_C(1) << ITEM_OFFSET_BITS) - 1)) *
			  ITEM_RECORD_UNIT,
	};
}

uint32_t
queue_record_len(const struct queue_item *item)
{
	return item->record_units * ITEM_RECORD_UNIT;
}
