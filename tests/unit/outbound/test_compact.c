/* SPDX-License-Identifier: ISC */
/* test_compact.c - the log keeps within twice what is live and two segments, whatever stays in it;
 * and no message is lost or doubled by being moved. */
#include "config.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/id.h"
#include "inside.h"
#include "outbound/compact.h"
#include "outbound/forward.h"
#include "outbound/segments.h"
#include "outbound/words.h"
#include "queue/queue.h"
#include "queue/reasons.h"

enum {
	SEGMENT = 1 << 20,
	SPARSE = 1 << 16,
	ROUNDS = 40,
	BATCH = 200,
	MESSAGES = ROUNDS * BATCH,
	STAYING = 100, /* one of so many stays */
	DEADLINE_MS = 20000,
};

/* What became of each message; ids count from 1. */
struct fates {
	unsigned char delivered[MESSAGES + 1];
	unsigned char deferred[MESSAGES + 1];
	uint64_t sent, settled; /* octets; messages that were delivered or deferred at least once */
	bool is_over;           /* nothing stays any more */
};

static struct fates fates;
static _Atomic uint64_t written;

static ssize_t
count_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	ssize_t result = rig_disk.pwritev(fd, iov, count, offset);

	written += result > 0 ? (uint64_t)result : 0;
	return result;
}

static struct disk_ops counting_disk;

static bool
wants(void *ctx, uint64_t id)
{
	struct fates *f = ctx;

	ck_assert_uint_le(id, MESSAGES);
	f->settled += f->delivered[id] + f->deferred[id] == 0;
	if (id % STAYING == 0 && !f->is_over) {
		f->deferred[id] = 1;
		return false;
	}
	f->delivered[id]++;
	return true;
}

static void
begin(struct rig *rig)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(rig, SEGMENT);
	counting_disk = rig_disk;
	counting_disk.pwritev = count_pwritev;
	rig->spool->disk = &counting_disk;
	rig->spool->inline_budget = SPOOL_INLINE_BUDGET;
	memset(&fates, 0, sizeof fates);
}

static void
send_batch(struct inside *inside, uint64_t from, size_t count)
{
	static struct sent sent[BATCH];

	for (size_t i = 0; i < count; i++) {
		size_t size = 500 + (from + i) * 7919 % 3600;

		rig_send(inside->rig, from + i, size, &sent[i]);
		fates.sent += size;
	}
	rig_wait(inside->rig, sent, count);
}

static void
settle_all(struct inside *inside, uint64_t count)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;

	while (fates.settled < count) {
		ck_assert_int_lt(clock_mono_ms(), until);
		inside_turn(inside);
		inside_deliver(inside, wants, &fates);
	}
}

static void
wait_for_bound(struct inside *inside)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;

	while (inside_used(inside) > inside_bound(inside)) {
		ck_assert_msg(clock_mono_ms() < until, "%llu used, %llu live",
		    (unsigned long long)inside_used(inside),
		    (unsigned long long)inside_live(inside));
		inside_turn(inside);
		usleep(1000);
	}
}

/* Let everything that stays be tried again, to be deferred again or delivered at last. */
static void
try_again(struct inside *inside)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;

	while (queue_count_state(inside->queue, QUEUE_WAITING) > 0 ||
	       queue_count_state(inside->queue, QUEUE_ACTIVE) > 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		queue_release_due(inside->queue, INT64_MAX);
		if (!fates.is_over && queue_count_state(inside->queue, QUEUE_ACTIVE) == 0)
			break;
		inside_deliver(inside, wants, &fates);
		inside_turn(inside);
	}
	inside_deliver(inside, wants, &fates);
}

static void
check_fates(void)
{
	for (uint64_t id = 1; id <= MESSAGES; id++)
		ck_assert_msg(fates.delivered[id] == 1, "%llu: %u times", (unsigned long long)id,
		    fates.delivered[id]);
}

START_TEST(one_of_a_hundred_stays)
{
	struct inside inside;
	struct rig rig;

	begin(&rig);
	inside_open(&inside, &rig);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		send_batch(&inside, 1 + round * BATCH, BATCH);
		settle_all(&inside, (round + 1) * BATCH);
		for (int times = 0; times < 3; times++) {
			try_again(&inside);
			wait_for_bound(&inside);
		}
		/* A new outbound finds all of it, and no more. */
		if (round % 8 == 7) {
			inside_close(&inside);
			rig_restart(&rig);
			rig.spool->disk = &counting_disk;
			rig.spool->inline_budget = SPOOL_INLINE_BUDGET;
			inside_open(&inside, &rig);
			ck_assert_uint_eq(queue_count(inside.queue), (round + 1) * BATCH / STAYING);
		}
	}
	ck_assert_uint_eq(queue_count(inside.queue), MESSAGES / STAYING);
	/* Zeros of spares, copies, outcomes and all. */
	ck_assert_uint_lt(written, 4 * fates.sent);
	fates.is_over = true;
	try_again(&inside);
	check_fates();
	wait_for_bound(&inside);
	ck_assert_uint_eq(inside_live(&inside), 0);
	inside_close(&inside);
	rig_close(&rig);
}
END_TEST

/* Small segments, one of which is left with two of its messages, that wait. */
static void
leave_two_in(struct inside *inside, struct rig *rig)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;

	send_batch(inside, STAYING - 5, 10);
	send_batch(inside, 2 * STAYING - 5, 6);
	settle_all(inside, 16);
	spool_writer_roll(rig->writer);
	while (segments_next_open(inside->segments, 0) != 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		event_base_loop(inside->base, EVLOOP_NONBLOCK);
	}
	ck_assert_uint_eq(queue_count_state(inside->queue, QUEUE_WAITING), 2);
}

static void
leave_two(struct inside *inside, struct rig *rig)
{
	rig_open(rig, SPARSE);
	memset(&fates, 0, sizeof fates);
	inside_open(inside, rig);
	leave_two_in(inside, rig);
}

/* Until the old segment is gone, or will not go any more. */
static void
move_on(struct inside *inside, bool (*is_over)(void))
{
	uint64_t old = queue_place(queue_find(inside->queue, STAYING)).segment;
	int64_t until = clock_mono_ms() + DEADLINE_MS;

	while (!is_over() && access(rig_file(inside->rig, "log", old, "out"), F_OK) == 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		inside_turn(inside);
		usleep(500);
	}
}

static bool
never(void)
{
	return false;
}

START_TEST(an_emptied_segment_goes)
{
	struct inside inside;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	leave_two(&inside, &rig);

	uint64_t old = queue_place(queue_find(inside.queue, STAYING)).segment;

	move_on(&inside, never);
	for (uint64_t id = STAYING; id <= 2 * STAYING; id += STAYING) {
		const struct queue_item *item = queue_find(inside.queue, id);

		ck_assert_ptr_nonnull(item);
		ck_assert_int_eq(item->state, QUEUE_WAITING);
		ck_assert_int_eq(item->attempts, 1);
		ck_assert_uint_gt(queue_place(item).segment, old);
	}
	inside_close(&inside);
	rig_close(&rig);
}
END_TEST

/* Orders of an operator pause the moving: those that wait stay at hand. */
START_TEST(nothing_moves_in_a_pause)
{
	struct inside inside;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	leave_two(&inside, &rig);

	uint64_t old = queue_place(queue_find(inside.queue, STAYING)).segment;

	compact_pause(inside.compact);
	compact_pause(inside.compact);
	for (int times = 0; times < 20; times++) {
		inside_turn(&inside);
		ck_assert_uint_eq(queue_count_state(inside.queue, QUEUE_WAITING), 2);
	}
	compact_resume(inside.compact);
	inside_turn(&inside);
	ck_assert_uint_eq(queue_place(queue_find(inside.queue, STAYING)).segment, old);
	ck_assert(forward_is_still(inside.forward));
	compact_resume(inside.compact);
	move_on(&inside, never);
	inside_close(&inside);
	rig_close(&rig);
}
END_TEST

/* All is still when none of what was copied is ACTIVE: the copies are written, and have been met.
 */
START_TEST(all_is_still_when_copies_are_met)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	bool was_moving = false;
	struct inside inside;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	leave_two(&inside, &rig);

	uint64_t old = queue_place(queue_find(inside.queue, STAYING)).segment;

	while (queue_place(queue_find(inside.queue, 2 * STAYING)).segment == old ||
	       !forward_is_still(inside.forward)) {
		ck_assert_int_lt(clock_mono_ms(), until);
		compact_turn(inside.compact);
		was_moving |= !forward_is_still(inside.forward);
		/* The feed may meet a copy before its writer hears that it is written. */
		ck_assert(!forward_is_still(inside.forward) ||
			  queue_count_state(inside.queue, QUEUE_ACTIVE) == 0);
		event_base_loop(inside.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
	ck_assert(was_moving);
	ck_assert_uint_eq(queue_count_state(inside.queue, QUEUE_WAITING), 2);
	inside_close(&inside);
	rig_close(&rig);
}
END_TEST

static void
check_words(struct inside *inside)
{
	for (uint64_t id = STAYING; id <= 2 * STAYING; id += STAYING) {
		const char *why = words_of(inside->words, queue_find(inside->queue, id));

		ck_assert_ptr_nonnull(why);
		ck_assert_ptr_nonnull(strstr(why, "wwwwwwww"));
	}
}

static void
fill_reasons(struct inside *inside)
{
	char text[32];

	for (unsigned i = 0; i < REASONS_MAX; i++) {
		(void)snprintf(text, sizeof text, "reason %u", i);
		(void)reasons_take(inside->reasons, text);
	}
}

/* Where the table of reasons is full, a reply is known from the disk: before and after a move. */
START_TEST(no_reply_is_lost)
{
	struct inside inside;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SPARSE);
	memset(&fates, 0, sizeof fates);
	inside_open(&inside, &rig);
	fill_reasons(&inside);
	leave_two_in(&inside, &rig);
	ck_assert(!reasons_is_kept(inside.reasons, queue_find(inside.queue, STAYING)->reason));
	check_words(&inside);
	move_on(&inside, never);
	ck_assert(!reasons_is_kept(inside.reasons, queue_find(inside.queue, STAYING)->reason));
	check_words(&inside);
	inside_close(&inside);
	rig_restart(&rig);
	inside_open(&inside, &rig);
	ck_assert(reasons_is_kept(inside.reasons, queue_find(inside.queue, STAYING)->reason));
	check_words(&inside);
	inside_close(&inside);
	rig_close(&rig);
}
END_TEST

/* The power fails at each call while messages are moved: both are there afterwards, once, and none
 * that was delivered. */
START_TEST(a_power_cut_loses_and_doubles_none)
{
	bool is_cut = true;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	for (int calls = 0; is_cut; calls++) {
		struct inside inside;
		struct rig rig;

		ck_assert_int_lt(calls, 200);
		leave_two(&inside, &rig);
		rig.spool->disk = &rig_power_disk;
		rig_power_plan(calls);
		move_on(&inside, rig_power_is_cut);
		is_cut = rig_power_is_cut();
		inside_close(&inside);
		rig_power_lose((unsigned)calls);
		rig_restart(&rig);
		inside_open(&inside, &rig);
		ck_assert_uint_eq(queue_count(inside.queue), 2);
		for (uint64_t id = STAYING; id <= 2 * STAYING; id += STAYING) {
			const struct queue_item *item = queue_find(inside.queue, id);

			ck_assert_ptr_nonnull(item);
			ck_assert_int_eq(item->attempts, 1);
		}
		inside_close(&inside);
		rig_close(&rig);
	}
}
END_TEST

/* It is not opened again and again, and the others are moved all the same. */
START_TEST(a_damaged_message_is_let_alone)
{
	struct inside inside;
	struct rig rig;
	struct queue_item *item;
	char octet;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	leave_two(&inside, &rig);
	item = queue_find(inside.queue, STAYING);

	const struct spool_place old = queue_place(item);
	off_t at = (off_t)old.offset + queue_record_len(item) - 100;
	int fd = open(rig_file(&rig, "log", old.segment, "seg"), O_RDWR);

	ck_assert_int_eq(pread(fd, &octet, 1, at), 1);
	octet ^= 1;
	ck_assert_int_eq(pwrite(fd, &octet, 1, at), 1);
	close(fd);
	while (queue_place(queue_find(inside.queue, 2 * STAYING)).segment == old.segment)
		inside_turn(&inside);
	for (int times = 0; times < 3; times++) {
		ck_assert_uint_gt(segments_choose(inside.segments, 0, INT64_MAX), 0);
		inside_turn(&inside);
	}
	ck_assert(item->is_stuck);
	ck_assert_int_eq(item->state, QUEUE_WAITING);
	ck_assert_uint_eq(rig.counters.spool_damaged, 1);
	inside_close(&inside);
	rig_close(&rig);
}
END_TEST

/* What is due and young leaves by itself: it is worth no copy. */
START_TEST(what_is_young_and_due_is_let_alone)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	struct inside inside;
	struct rig rig;
	struct sent sent[2];

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	leave_two(&inside, &rig);
	uint64_t old = id_next(&(struct id_source){ .tag = 1 }, clock_real_ms() - 120000);
	uint64_t young = id_next(&(struct id_source){ .tag = 1 }, clock_real_ms());

	rig_send(&rig, old, 100, &sent[0]);
	rig_send(&rig, young, 100, &sent[1]);
	rig_wait(&rig, sent, 2);
	spool_writer_roll(rig.writer);
	while (queue_find(inside.queue, old) == NULL ||
	       queue_place(queue_find(inside.queue, old)).segment == sent[0].place.segment) {
		ck_assert_int_lt(clock_mono_ms(), until);
		inside_turn(&inside);
	}
	ck_assert_uint_eq(
	    queue_place(queue_find(inside.queue, young)).segment, sent[1].place.segment);
	inside_close(&inside);
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "bound", one_of_a_hundred_stays);
	add_tests(suite, "moving", an_emptied_segment_goes, nothing_moves_in_a_pause,
	    all_is_still_when_copies_are_met, no_reply_is_lost, a_power_cut_loses_and_doubles_none,
	    a_damaged_message_is_let_alone, what_is_young_and_due_is_let_alone);
}

UNIT_MAIN("compact")
