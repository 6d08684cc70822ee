/* SPDX-License-Identifier: ISC */
/* test_crash.c - writers are killed at random moments: every message whose callback ran is read
 * back, once. */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "rig.h"

enum { ROUNDS = 20, WINDOW = 16, MESSAGES = 4096, ROUND_IDS = 600 };

/* Shared with the child: the ids that were acknowledged. */
struct acknowledged {
	_Atomic uint64_t count;
	uint64_t id[MESSAGES];
};

struct child {
	struct rig *rig;
	struct acknowledged *acknowledged;
	uint64_t next, end; /* ids; a child that is killed late runs out of them and waits */
};

static void send_next(struct child *child);

struct letter {
	struct child *child;
	uint64_t id;
};

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	struct letter *letter = ctx;
	struct child *child = letter->child;

	(void)place;
	if (error != 0)
		_exit(2);

	uint64_t count = child->acknowledged->count;

	if (count == MESSAGES)
		return;
	child->acknowledged->id[count] = letter->id;
	child->acknowledged->count = count + 1;
	free(letter);
	send_next(child);
}

static void
send_next(struct child *child)
{
	struct letter *letter;

	if (child->next == child->end)
		return;
	letter = malloc(sizeof *letter);
	*letter = (struct letter){ child, child->next++ };
	rig_send_to(child->rig, letter->id, letter->id % 50 == 0 ? 70000 : 300 + letter->id % 5000,
	    on_commit, letter);
}

/* Send until killed. */
static _Noreturn void
run_child(struct rig *rig, struct acknowledged *acknowledged, uint64_t first, uint64_t count)
{
	struct child child = {
		.rig = rig, .acknowledged = acknowledged, .next = first, .end = first + count
	};

	rig->base = event_base_new();
	rig_writer(rig);
	for (int i = 0; i < WINDOW; i++)
		send_next(&child);
	event_base_dispatch(rig->base);
	_exit(3);
}

static void
kill_after(pid_t child, const struct acknowledged *acknowledged, uint64_t count, unsigned us)
{
	int64_t until = clock_mono_ms() + 15000;
	int status;

	while (acknowledged->count < count && clock_mono_ms() < until)
		usleep(200);
	usleep(us);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFSIGNALED(status), "the child ended by itself: %d", status);
}

struct reading {
	struct rig *rig;
	uint8_t times[MESSAGES * 4];
};

/* Count what a reader gives until it waits. */
static void
read_on(struct reading *reading, struct spool_reader *reader)
{
	struct spool_record record;

	while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD) {
		ck_assert_uint_lt(record.id, sizeof reading->times);
		reading->times[record.id]++;
		envelope_free(&record.envelope);
		ck_assert(rig_check(reading->rig, &record));
	}
}

static void
check_all(const struct reading *reading, const struct acknowledged *acknowledged)
{
	for (uint64_t i = 0; i < acknowledged->count; i++)
		ck_assert_msg(reading->times[acknowledged->id[i]] == 1, "message %d: %d times",
		    (int)acknowledged->id[i], reading->times[acknowledged->id[i]]);
	for (size_t id = 0; id < sizeof reading->times; id++)
		ck_assert_int_le(reading->times[id], 1);
}

/* One reader lives through all the crashes; another comes after each. */
START_TEST(a_killed_writer_loses_nothing_acknowledged)
{
	static struct reading tailing, fresh;
	struct acknowledged *acknowledged = mmap(
	    NULL, sizeof *acknowledged, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, 512 * 1024);
	tailing.rig = &rig;

	struct spool_reader *reader = spool_reader_new(rig.spool, NULL);

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t before = acknowledged->count;
		pid_t child = fork();

		if (child == 0)
			run_child(&rig, acknowledged, 1 + round * ROUND_IDS, ROUND_IDS);
		kill_after(child, acknowledged, before + round * 7, round * 397 % 3000);
		read_on(&tailing, reader);
		board_release(rig.board, child);
		read_on(&tailing, reader);
		check_all(&tailing, acknowledged);
		memset(&fresh, 0, sizeof fresh);
		fresh.rig = &rig;

		struct spool_reader *other = spool_reader_new(rig.spool, NULL);

		read_on(&fresh, other);
		spool_reader_free(&other);
		check_all(&fresh, acknowledged);
	}
	ck_assert_uint_gt(acknowledged->count, 100);
	spool_reader_free(&reader);

	/* A writer that comes after them clears away what they left unfinished. */
	rig_writer(&rig);
	ck_assert_uint_eq(rig_count(&rig, "large", ".part"), 0);
	rig_close(&rig);
	munmap(acknowledged, sizeof *acknowledged);
}
END_TEST

START_TEST(two_writers_are_killed_while_a_third_lives)
{
	static struct reading reading;
	struct acknowledged *acknowledged[2];
	pid_t child[2];
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, 512 * 1024);
	reading.rig = &rig;
	for (unsigned i = 0; i < 2; i++) {
		acknowledged[i] = mmap(NULL, sizeof *acknowledged[i], PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		child[i] = fork();
		if (child[i] == 0)
			run_child(&rig, acknowledged[i], 1 + i * 2 * MESSAGES, MESSAGES);
	}
	rig_writer(&rig);
	for (uint64_t i = 0; i < 20; i++)
		ck_assert_int_eq(rig_put(&rig, 4 * MESSAGES - 100 + i, 1000), 0);

	struct spool_reader *reader = spool_reader_new(rig.spool, NULL);

	for (unsigned i = 0; i < 2; i++) {
		kill_after(child[i], acknowledged[i], 50, 0);
		board_release(rig.board, child[i]);
		read_on(&reading, reader);
	}
	for (unsigned i = 0; i < 2; i++)
		check_all(&reading, acknowledged[i]);
	for (uint64_t i = 0; i < 20; i++)
		ck_assert_int_eq(reading.times[4 * MESSAGES - 100 + i], 1);
	spool_reader_free(&reader);
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *crash = tcase_create("crash");

	tcase_set_timeout(crash, 120);
	tcase_add_test(crash, a_killed_writer_loses_nothing_acknowledged);
	tcase_add_test(crash, two_writers_are_killed_while_a_third_lives);
	suite_add_tcase(suite, crash);
}

UNIT_MAIN("spool/crash")
