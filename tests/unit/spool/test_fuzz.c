/* SPDX-License-Identifier: ISC */
/*
 * test_fuzz.c - covers the spool as a whole: the spool of a random life is damaged at random, again
 * and again.  What was not touched comes back, what was is told by file and range and kept, and new
 * mail is taken. POSTERN_SEED=N repeats a run, POSTERN_SECONDS=N or POSTERN_SLOW=1 makes it long.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/log.h"
#include "fuzz.h"
#include "spool/inspect.h"
#include "spool/record.h"

enum { FINDINGS = 64, SECONDS = 4, SLOW_SECONDS = 300 };

struct finding {
	char file[64];
	uint64_t segment, offset, len;
	bool is_torn;
};

static struct world world;
static struct finding findings[FINDINGS];
static size_t nfindings;

static void
on_finding(void *ctx, const struct spool_finding *of)
{
	struct finding *finding = &findings[nfindings];

	(void)ctx;
	if (nfindings == FINDINGS)
		return;
	snprintf(finding->file, sizeof finding->file, "%s", of->file);
	finding->segment = of->segment;
	finding->offset = of->offset;
	finding->len = of->len;
	finding->is_torn = of->is_torn;
	nfindings++;
}

static bool
ends_with(const char *name, const char *end)
{
	return strcmp(name + strlen(name) - strlen(end), end) == 0;
}

static uint64_t
number_of(const struct file *file)
{
	return strtoull(strchr(file->name, '/') + 1, NULL, 16);
}

/* Whether one finding names the file and covers all of the range. */
static bool
is_told(const struct file *file, uint64_t from, uint64_t to)
{
	for (size_t n = 0; n < nfindings; n++) {
		const struct finding *finding = &findings[n];

		if (strcmp(finding->file, file->name) == 0 && finding->segment == number_of(file) &&
		    finding->offset <= from && finding->offset + finding->len >= to)
			return true;
	}
	return false;
}

/* Whether the place of the record is told, with the name of its large content. */
static bool
is_large_told(const struct file *file, const struct spool_record *record)
{
	for (size_t n = 0; n < nfindings; n++)
		if (strcmp(findings[n].file, file->name) == 0 &&
		    findings[n].segment == record->place.segment &&
		    findings[n].offset == record->place.offset)
			return true;
	return false;
}

/* The part of a file that was hit and is not told: false if there is none. */
static bool
is_silent(const struct hit *hit, uint64_t from, uint64_t to)
{
	uint64_t first = hit->from > from ? hit->from : from, last = hit->to < to ? hit->to : to;

	/* A finding ends with a unit that holds something. */
	return first < last && !is_told(hit->file, first, last);
}

/* The hit that touched the message's record or, if none did, its large content; or NULL. */
static const struct hit *
find_hit(const struct spool_record *record)
{
	const char *large = strrchr(rig_large_file(&world.rig, record->id), '/');
	const struct hit *found = NULL;

	for (size_t n = 0; n < world.hits; n++) {
		const struct hit *hit = &world.hit[n];

		if (ends_with(hit->file->name, ".seg") &&
		    number_of(hit->file) == record->place.segment &&
		    hit->from < record->place.offset + (uint64_t)record->record_len &&
		    hit->to > record->place.offset)
			return hit;
		if (record->is_large && strcmp(strrchr(hit->file->name, '/'), large) == 0)
			found = hit;
	}
	return found;
}

static void
check_lost(const struct spool_record *record, const struct hit *hit)
{
	uint64_t from = record->place.offset, to = from + record->record_len;
	bool is_in_log = strncmp(hit->file->name, "log/", 4) == 0;
	bool is_quiet = is_in_log ? is_silent(hit, from, to) : !is_large_told(hit->file, record);

	ck_assert_msg(!is_quiet,
	    "message %" PRIu64 " is lost without a word: %s from %" PRIu64 " to %" PRIu64,
	    record->id, hit->file->name, hit->from, hit->to);
}

/* Of a first block each part has a checksum. */
static void
check_frame(const struct hit *hit)
{
	static const struct {
		uint32_t at, len;
	} parts[] = { { 0, SEGMENT_FRAME }, { SEGMENT_SEAL_AT, SEGMENT_SEAL },
		{ SEGMENT_FRAME_AT, SEGMENT_FRAME } };

	for (size_t i = 0; i < sizeof parts / sizeof *parts && !hit->is_cut; i++)
		ck_assert_msg(!is_silent(hit, parts[i].at, parts[i].at + parts[i].len),
		    "%s is hit at %" PRIu64 " without a word", hit->file->name, hit->from);
}

/* A cut is told where the file ends now, or from where it is no outcome up to there. */
static void
check_outcomes(const struct hit *hit)
{
	bool is_quiet = hit->is_cut ? !is_told(hit->file, hit->from, hit->from)
				    : is_silent(hit, 0, hit->file->size);

	ck_assert_msg(!is_quiet, "%s is %s at %" PRIu64 " without a word", hit->file->name,
	    hit->is_cut ? "cut" : "hit", hit->from);
}

static void
check_hits(void)
{
	for (size_t n = 0; n < world.hits; n++)
		if (ends_with(world.hit[n].file->name, ".seg"))
			check_frame(&world.hit[n]);
		else if (ends_with(world.hit[n].file->name, ".out"))
			check_outcomes(&world.hit[n]);
}

/* Nothing is left of it that could be kept. */
static bool
is_cut_away(const struct finding *finding)
{
	for (size_t n = 0; n < world.hits; n++)
		if (world.hit[n].is_cut && strcmp(world.hit[n].file->name, finding->file) == 0)
			return world.hit[n].from <= finding->offset;
	return false;
}

/* What was told of the log has been set aside under its place: all of it that there is. */
static void
check_copies(void)
{
	for (size_t n = 0; n < nfindings; n++) {
		const struct finding *finding = &findings[n];
		const char *suffix = ends_with(finding->file, ".seg") ? "bin"
				     : finding->is_torn               ? "end"
								      : "out";
		char path[160];
		struct stat st;

		if (strncmp(finding->file, "log/", 4) != 0 || finding->segment > world.count ||
		    is_cut_away(finding))
			continue;
		snprintf(path, sizeof path, "%s/damaged/%016" PRIx64 "-%08" PRIx64 ".%s",
		    world.rig.path, finding->segment, finding->offset, suffix);
		ck_assert_msg(stat(path, &st) == 0, "%s is not set aside at %" PRIu64,
		    finding->file, finding->offset);
	}
}

/* A segment, or a large content. */
static void
see_number(void *ctx, uint64_t number)
{
	(void)ctx;
	(void)number;
}

static void
see_outcome(void *ctx, uint64_t segment, const struct outcome *outcome)
{
	(void)ctx;
	(void)segment;
	(void)outcome;
}

/* Its content is looked at, too, as posternctl does. */
static void
see_message(void *ctx, struct spool_record *record)
{
	(void)ctx;
	rig_check(&world.rig, record);
	envelope_free(&record->envelope);
}

/* First as a tool does, then as the daemon does. */
static void
judge(void)
{
	static const struct spool_inspect_events events = { see_number, see_outcome, see_message,
		see_number };
	static struct found found;
	struct spool *spool = world.rig.spool;

	nfindings = 0;
	spool->on_finding = on_finding;
	ck_assert_int_eq(spool_inspect(spool, &events, NULL), 0);
	spool->on_finding = NULL;
	rig_read(&world.rig, &found);
	for (size_t i = 0; i < world.count; i++) {
		const struct hit *hit = find_hit(&world.record[i]);
		size_t times = rig_times(&found, i + 1);

		ck_assert_msg(times == 1 || (times == 0 && hit != NULL),
		    "message %zu came %zu times", i + 1, times);
		if (times == 0)
			check_lost(&world.record[i], hit);
	}
	check_hits();
	check_copies();
	rig_writer(&world.rig);
	ck_assert_int_eq(rig_put(&world.rig, 1000, 100), 0);
	rig_writer_free(&world.rig);
}

static int64_t
run_ms(void)
{
	const char *given = getenv("POSTERN_SECONDS");

	if (given != NULL)
		return strtol(given, NULL, 10) * 1000;
	return (getenv("POSTERN_SLOW") != NULL ? SLOW_SECONDS : SECONDS) * 1000;
}

START_TEST(damage_costs_only_what_it_touches)
{
	const char *given = getenv("POSTERN_SEED");
	unsigned seed =
	    given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_real_ms();
	int64_t until = clock_mono_ms() + run_ms();

	printf("seed %u\n", seed);
	fflush(stdout);
	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "test");
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_tell_reach(RIG_REACH_READ);
	world.seed = seed;
	while (clock_mono_ms() < until) {
		fuzz_live(&world);
		for (int round = 0; round < 20 && clock_mono_ms() < until; round++) {
			fuzz_restore(&world);
			fuzz_hurt(&world);
			rig_restart(&world.rig);
			judge();
		}
		fuzz_forget(&world);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	bool is_long = getenv("POSTERN_SECONDS") != NULL || getenv("POSTERN_SLOW") != NULL;

	setenv("CK_DEFAULT_TIMEOUT", is_long ? "100000" : "120", 1);
	add_tests(suite, "fuzz", damage_costs_only_what_it_touches);
}

UNIT_MAIN("spool/fuzz")
