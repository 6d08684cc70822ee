/* SPDX-License-Identifier: ISC */
/* test_inspect.c - looking at a spool tells all that is not sound and changes nothing; rewriting
 * keeps what is. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/log.h"
#include "rig.h"
#include "spool/inspect.h"
#include "spool/outcomes.h"
#include "spool/record.h"

enum { SMALL = 64 * 1024, MESSAGES = 3, FILE_MAX = 128 * 1024 };

/* What a look has found. */
struct look {
	size_t messages, outcomes, damages, torn;
	uint64_t segment, offset;
	uint64_t seen[16];
};

static void
on_finding(void *ctx, const struct spool_finding *finding)
{
	struct look *look = ctx;

	if (finding->is_torn) {
		look->torn++;
		return;
	}
	look->damages++;
	look->segment = finding->segment;
	look->offset = finding->offset;
}

static void
on_segment(void *ctx, uint64_t segment)
{
	(void)ctx;
	(void)segment;
}

static void
on_outcome(void *ctx, uint64_t segment, const struct outcome *outcome)
{
	struct look *look = ctx;

	(void)segment;
	(void)outcome;
	look->outcomes++;
}

static void
on_message(void *ctx, struct spool_record *record)
{
	struct look *look = ctx;

	look->seen[look->messages++] = record->id;
	envelope_free(&record->envelope);
}

static void
on_large(void *ctx, uint64_t id)
{
	(void)ctx;
	(void)id;
}

static struct look
look_at(struct rig *rig)
{
	static const struct spool_inspect_events events = { on_segment, on_outcome, on_message,
		on_large };
	struct look look = { 0 };

	rig->spool->on_finding = on_finding;
	rig->spool->finding_ctx = &look;
	ck_assert_int_eq(spool_inspect(rig->spool, &events, &look), 0);
	rig->spool->on_finding = NULL;
	return look;
}

struct sample {
	struct rig rig;
	struct sent sent[MESSAGES];
};

/* Three messages in segment 1, sealed, with an outcome for each. */
static void
make_sample(struct sample *sample)
{
	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "test");
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&sample->rig, SMALL);
	rig_writer(&sample->rig);
	for (size_t i = 0; i < MESSAGES; i++) {
		rig_send(&sample->rig, i + 1, 100, &sample->sent[i]);
		rig_wait(&sample->rig, &sample->sent[i], 1);
	}
	rig_writer_free(&sample->rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(sample->rig.spool);

	ck_assert_ptr_nonnull(outcomes);
	for (size_t i = 0; i < MESSAGES; i++) {
		const struct outcome outcome = {
			.kind = OUTCOME_DEFERRED,
			.id = i + 1,
			.offset = sample->sent[i].place.offset,
			.rcpt = OUTCOME_ALL,
			.reply = "later",
		};

		ck_assert_int_eq(spool_outcome_record(outcomes, 1, &outcome), 0);
	}
	spool_outcomes_free(&outcomes);
	rig_restart(&sample->rig);
}

static int
open_file(const struct sample *sample, const char *suffix, unsigned char *bytes, size_t *size)
{
	int fd = open(rig_file(&sample->rig, "log", 1, suffix), O_RDWR);
	ssize_t n = pread(fd, bytes, FILE_MAX, 0);

	ck_assert_int_gt(n, 0);
	*size = (size_t)n;
	return fd;
}

/* The file is as we left it, and nothing was set aside: damaged/ holds . and .. alone. */
static void
check_untouched(const struct sample *sample, int fd, const unsigned char *bytes, size_t size)
{
	static unsigned char now[FILE_MAX];
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)size);
	ck_assert_int_eq(pread(fd, now, size, 0), (ssize_t)size);
	ck_assert_int_eq(memcmp(now, bytes, size), 0);
	ck_assert_uint_eq(rig_count(&sample->rig, "damaged", ""), 2);
}

START_TEST(a_sound_spool_has_no_findings)
{
	struct sample sample;

	make_sample(&sample);

	struct look look = look_at(&sample.rig);

	ck_assert_uint_eq(look.messages, MESSAGES);
	ck_assert_uint_eq(look.outcomes, MESSAGES);
	ck_assert_uint_eq(look.damages + look.torn, 0);
	rig_close(&sample.rig);
}
END_TEST

/* Octets of the file: a mark, outcomes of one size, a mark. */
static size_t
outcome_size(size_t size)
{
	return (size - OUTCOME_MARK - OUTCOME_MARK) / MESSAGES;
}

static size_t
outcomes_below(size_t size, size_t at)
{
	size_t whole = at < OUTCOME_MARK ? 0 : (at - OUTCOME_MARK) / outcome_size(size);

	return whole < MESSAGES ? whole : MESSAGES;
}

START_TEST(each_flip_of_an_outcome_is_told)
{
	static unsigned char bytes[FILE_MAX];
	struct sample sample;
	size_t size;

	make_sample(&sample);

	int fd = open_file(&sample, "out", bytes, &size);

	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= (unsigned char)(1u << at % 8);
		ck_assert_int_eq(pwrite(fd, bytes + at, 1, (off_t)at), 1);

		struct look look = look_at(&sample.rig);
		bool is_head = at < OUTCOME_MARK, is_end = at >= size - OUTCOME_MARK;
		size_t from = OUTCOME_MARK + outcomes_below(size, at) * outcome_size(size);

		ck_assert_msg(
		    look.outcomes == MESSAGES - (is_head || is_end ? 0 : 1), "flip at %zu", at);
		ck_assert_uint_eq(look.damages, is_end ? 0 : 1);
		ck_assert_uint_eq(look.torn, is_end ? 1 : 0);
		ck_assert(is_end || look.offset == (is_head ? 0 : from));
		check_untouched(&sample, fd, bytes, size);
		bytes[at] ^= (unsigned char)(1u << at % 8);
		ck_assert_int_eq(pwrite(fd, bytes + at, 1, (off_t)at), 1);
	}
	close(fd);
	rig_close(&sample.rig);
}
END_TEST

START_TEST(each_cut_of_the_outcomes_is_told)
{
	static unsigned char bytes[FILE_MAX];
	struct sample sample;
	size_t size;

	make_sample(&sample);

	int fd = open_file(&sample, "out", bytes, &size);

	for (size_t at = size; at-- > 0;) {
		ck_assert_int_eq(ftruncate(fd, (off_t)at), 0);

		struct look look = look_at(&sample.rig);

		ck_assert_uint_eq(look.outcomes, outcomes_below(size, at));
		ck_assert_msg(look.torn == 1, "cut at %zu", at);
		ck_assert_uint_eq(look.damages, 0);
		check_untouched(&sample, fd, bytes, at);
	}
	close(fd);
	rig_close(&sample.rig);
}
END_TEST

START_TEST(each_flip_of_head_seal_and_envelope_is_told)
{
	static unsigned char bytes[FILE_MAX];
	struct sample sample;
	size_t size;

	make_sample(&sample);

	int fd = open_file(&sample, "seg", bytes, &size);
	uint32_t second = sample.sent[1].place.offset;

	for (size_t at = 0; at < second + RECORD_HEAD + 60; at++) {
		/* Checksums cover 64 octets of the first block, and the seal. */
		if (at == 64)
			at = SEGMENT_SEAL_AT;
		if (at == SEGMENT_SEAL_AT + SEGMENT_SEAL)
			at = second;

		unsigned char was = bytes[at];

		bytes[at] ^= (unsigned char)(1u << at % 8);
		ck_assert_int_eq(pwrite(fd, bytes + at, 1, (off_t)at), 1);

		struct look look = look_at(&sample.rig);

		ck_assert_msg(look.damages == 1, "%zu findings of a flip at %zu", look.damages, at);
		ck_assert_uint_eq(look.segment, 1);
		ck_assert_uint_eq(look.offset, at >= second            ? second
					       : at >= SEGMENT_SEAL_AT ? SEGMENT_SEAL_AT
								       : 0);
		ck_assert_uint_eq(look.messages, at >= second ? MESSAGES - 1 : MESSAGES);
		check_untouched(&sample, fd, bytes, size);
		bytes[at] = was;
		ck_assert_int_eq(pwrite(fd, bytes + at, 1, (off_t)at), 1);
	}
	close(fd);
	rig_close(&sample.rig);
}
END_TEST

START_TEST(a_rewritten_segment_has_what_was_asked_for)
{
	struct sample sample;

	make_sample(&sample);

	const uint32_t kept[] = { sample.sent[0].place.offset, sample.sent[2].place.offset };

	sample.rig.spool->on_finding = on_finding;
	ck_assert_int_eq(spool_rewrite(sample.rig.spool, 1, 2, kept, 2), 0);
	rig_restart(&sample.rig);

	struct look look = look_at(&sample.rig);

	ck_assert_uint_eq(look.messages, 2);
	ck_assert_uint_eq(look.seen[0], 1);
	ck_assert_uint_eq(look.seen[1], 3);
	ck_assert_uint_eq(look.outcomes, 2);
	ck_assert_uint_eq(look.damages + look.torn, 0);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".seg"), 1);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".out"), 1);
	ck_assert_uint_eq(rig_count(&sample.rig, "log", ".seg"), 1);

	static struct found found;

	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_uint_eq(found.damaged, 0);
	rig_close(&sample.rig);
}
END_TEST

/* Whatever its name ends with. */
START_TEST(a_stray_number_is_told_and_set_aside)
{
	static const char *const suffixes[] = { "seg", "spare", "old" };

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		struct sample sample;
		struct look look;

		make_sample(&sample);
		close(open(rig_file(&sample.rig, "log", UINT64_MAX, suffixes[i]),
		    O_CREAT | O_WRONLY, 0600));
		look = look_at(&sample.rig);
		ck_assert_uint_eq(look.damages, 1);
		ck_assert_uint_eq(look.segment, UINT64_MAX);
		ck_assert_uint_eq(look.messages, MESSAGES);
		ck_assert_int_eq(spool_rewrite(sample.rig.spool, look.segment, 0, NULL, 0), 0);
		ck_assert_uint_eq(rig_count(&sample.rig, "damaged", suffixes[i]), 1);
		look = look_at(&sample.rig);
		ck_assert_uint_eq(look.damages, 0);
		rig_close(&sample.rig);
	}
}
END_TEST

/* The old segment stays in the log until the new one is safe. */
START_TEST(a_rewrite_that_fails_changes_nothing)
{
	static const enum disk_call calls[] = { CALL_OPENAT, CALL_PWRITEV, CALL_FDATASYNC,
		CALL_RENAMEAT };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct sample sample;

		make_sample(&sample);

		const uint32_t kept[] = { sample.sent[0].place.offset };

		rig_break(calls[i], 0, 1, 28);
		ck_assert_int_eq(spool_rewrite(sample.rig.spool, 1, 2, kept, 1), -1);
		rig_mend();
		ck_assert_uint_eq(look_at(&sample.rig).messages, MESSAGES);
		ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".seg"), 0);
		ck_assert_uint_eq(rig_count(&sample.rig, "log", ".seg"), 1);
		rig_close(&sample.rig);
	}
}
END_TEST

/* The linker hands the spool's calls of malloc() to __wrap_malloc(). */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static size_t mallocs_left = SIZE_MAX;

void *
__wrap_malloc(size_t size)
{
	if (mallocs_left == 0) {
		errno = ENOMEM;
		return NULL;
	}
	mallocs_left--;
	return __real_malloc(size);
}

/* Without its outcomes what is done would come back. */
START_TEST(a_rewrite_without_memory_changes_nothing)
{
	enum { MALLOCS_MAX = 100 };
	struct sample sample;
	uint32_t kept[MESSAGES];
	size_t n = 0;
	int result;

	make_sample(&sample);
	for (size_t i = 0; i < MESSAGES; i++)
		kept[i] = sample.sent[i].place.offset;
	do {
		ck_assert_uint_eq(look_at(&sample.rig).outcomes, MESSAGES);
		ck_assert_uint_eq(rig_count(&sample.rig, "log", ".seg"), 1);
		mallocs_left = n;
		result = spool_rewrite(sample.rig.spool, 1, 2, kept, MESSAGES);
		mallocs_left = SIZE_MAX;
		ck_assert(result == 0 || errno == ENOMEM);
	} while (result < 0 && ++n < MALLOCS_MAX);
	ck_assert_uint_gt(n, 0);
	rig_restart(&sample.rig);
	ck_assert_uint_eq(look_at(&sample.rig).outcomes, MESSAGES);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".seg"), 1);
	rig_close(&sample.rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "look", a_sound_spool_has_no_findings, each_flip_of_an_outcome_is_told,
	    each_cut_of_the_outcomes_is_told, each_flip_of_head_seal_and_envelope_is_told);
	add_tests(suite, "rewrite", a_stray_number_is_told_and_set_aside,
	    a_rewritten_segment_has_what_was_asked_for, a_rewrite_that_fails_changes_nothing,
	    a_rewrite_without_memory_changes_nothing);
}

UNIT_MAIN("spool/inspect")
