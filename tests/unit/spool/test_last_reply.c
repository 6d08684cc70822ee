/* SPDX-License-Identifier: ISC */
/* test_last_reply.c - of each record the words of its last deferral, however many there are and
 * whatever comes later. */
#include "config.h"

#include "spool/last_reply.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "rig.h"

enum { SEGMENT = 128 * 1024, MANY = 5000 };

static void
defer(struct spool_outcomes *outcomes, uint64_t segment, uint32_t offset, const char *reply)
{
	const struct outcome outcome = {
		.kind = OUTCOME_DEFERRED,
		.id = 1,
		.offset = offset,
		.rcpt = OUTCOME_ALL,
		.reply = reply,
	};

	ck_assert_int_eq(spool_outcome_record(outcomes, segment, &outcome), 0);
}

static void
defer_as(struct spool_outcomes *outcomes, uint64_t segment, uint32_t offset, unsigned number)
{
	char reply[32];

	(void)snprintf(reply, sizeof reply, "450 ticket %u", number);
	defer(outcomes, segment, offset, reply);
}

static void
check(struct last_replies *replies, uint64_t segment, uint32_t offset, const char *reply)
{
	const struct spool_place place = { .segment = segment, .offset = offset };
	char found[OUTCOME_REPLY_MAX + 1];
	bool is_found = last_reply_read(replies, &place, found);

	ck_assert(is_found == (reply != NULL));
	if (is_found)
		ck_assert_str_eq(found, reply);
}

static void
check_as(struct last_replies *replies, uint64_t segment, uint32_t offset, unsigned number)
{
	char reply[32];

	(void)snprintf(reply, sizeof reply, "450 ticket %u", number);
	check(replies, segment, offset, reply);
}

START_TEST(the_last_of_each_is_found)
{
	struct rig rig;

	rig_open(&rig, SEGMENT);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);
	struct last_replies *replies = last_replies_new(rig.spool);

	check(replies, 1, 64, NULL);
	for (unsigned i = 0; i < MANY; i++)
		defer_as(outcomes, 1, i * 7919 % MANY * 64, i);
	for (unsigned i = 0; i < MANY; i++)
		check_as(replies, 1, i * 7919 % MANY * 64, i);
	/* New ones, few and then many, beside those that are known. */
	for (unsigned i = 0; i < MANY; i += 3) {
		defer_as(outcomes, 1, i * 64, MANY + i);
		if (i % 5 == 0)
			check_as(replies, 1, i * 64, MANY + i);
	}
	for (unsigned i = 0; i < MANY; i += 3)
		check_as(replies, 1, i * 64, MANY + i);
	check(replies, 1, MANY * 64, NULL);
	last_replies_free(&replies);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(segments_do_not_mix)
{
	struct rig rig;

	rig_open(&rig, SEGMENT);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);
	struct last_replies *replies = last_replies_new(rig.spool);

	for (int times = 0; times < 2; times++) {
		for (uint64_t i = 1; i <= LAST_REPLY_SEGMENTS + 4; i++)
			defer_as(outcomes, i, 64, (unsigned)i);
		for (uint64_t i = 1; i <= LAST_REPLY_SEGMENTS + 4; i++)
			check_as(replies, i, 64, (unsigned)i);
	}
	last_replies_free(&replies);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

/* Other outcomes have words, too; and what a crash left of one is passed over. */
START_TEST(only_sound_deferrals_count)
{
	struct rig rig;

	rig_open(&rig, SEGMENT);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);
	struct last_replies *replies = last_replies_new(rig.spool);
	const struct outcome removed = { .kind = OUTCOME_REMOVED, .offset = 64, .reply = "gone" };

	defer(outcomes, 1, 64, "450 later");
	ck_assert_int_eq(spool_outcome_record(outcomes, 1, &removed), 0);

	int fd = open(rig_file(&rig, "log", 1, "out"), O_WRONLY | O_APPEND);

	ck_assert_int_eq(write(fd, "torn", 4), 4);
	close(fd);
	check(replies, 1, 64, "450 later");
	/* The next one is written over it. */
	defer(outcomes, 1, 64, "450 later still");
	check(replies, 1, 64, "450 later still");
	last_replies_free(&replies);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "last_reply", the_last_of_each_is_found, segments_do_not_mix,
	    only_sound_deferrals_count);
}

UNIT_MAIN("last_reply")
