/* SPDX-License-Identifier: ISC */
/*
 * test_fuzz.c - covers the spool as a whole: the spool of a random life is damaged at random, again
 * and again.  What was not touched comes back, what was is told by its place and kept, and new mail
 * is taken. POSTERN_SEED=N repeats a run, POSTERN_SECONDS=N or POSTERN_SLOW=1 makes it long.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/log.h"
#include "rig.h"
#include "spool/inspect.h"
#include "spool/record.h"

enum {
	SEGMENT = 192 * 1024,
	LIFE_MAX = 40, /* messages */
	FILES = 64,
	HITS = 3,
	FINDINGS = 64,
	SECONDS = 4,
	SLOW_SECONDS = 300,
};

/* A file as the life left it. */
struct file {
	char name[64]; /* in the spool */
	unsigned char *data;
	size_t size;
};

/* Octets that were changed, or cut off, of a file. */
struct hit {
	const struct file *file;
	uint64_t from, to;
	bool is_cut;
};

struct finding {
	char file[64];
	uint64_t segment, offset, len;
};

static struct world {
	struct rig rig;
	unsigned seed;
	struct sent sent[LIFE_MAX];
	size_t sizes[LIFE_MAX], count;
	struct spool_record record[LIFE_MAX]; /* of each, in order of id */
	struct file file[FILES];
	size_t files;
	struct hit hit[HITS];
	size_t hits;
	struct finding finding[FINDINGS];
	size_t findings;
} world;

static unsigned
draw(unsigned below)
{
	return (unsigned)rand_r(&world.seed) % below;
}

static const char *
path_of(const char *name)
{
	static char path[192];

	snprintf(path, sizeof path, "%s/%s", world.rig.path, name);
	return path;
}

static void
read_file(const char *name)
{
	struct file *file = &world.file[world.files++];
	int fd = open(path_of(name), O_RDONLY);
	struct stat st;

	ck_assert_uint_le(world.files, FILES);
	ck_assert(fd >= 0 && fstat(fd, &st) == 0);
	snprintf(file->name, sizeof file->name, "%s", name);
	file->size = (size_t)st.st_size;
	file->data = malloc(file->size + 1);
	ck_assert_int_eq(disk_read_all(fd, file->data, file->size, 0), 0);
	close(fd);
}

/* Call fn for each name in the folder. */
static void
walk(const char *folder, void (*fn)(const char *name))
{
	DIR *dir = opendir(path_of(folder));
	struct dirent *entry;
	char name[300];

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
			fn(name);
		}
	closedir(dir);
}

static void
remove_it(const char *name)
{
	if (unlink(path_of(name)) != 0)
		ck_assert_int_eq(rmdir(path_of(name)), 0);
}

/* Outcomes for some, which end nothing. */
static void
put_off_some(void)
{
	struct spool_outcomes *outcomes = spool_outcomes_new(world.rig.spool);

	ck_assert_ptr_nonnull(outcomes);
	for (size_t i = 0; i < world.count; i++) {
		const struct outcome outcome = {
			.kind = OUTCOME_DEFERRED,
			.id = world.sent[i].id,
			.offset = world.sent[i].place.offset,
			.rcpt = OUTCOME_ALL,
			.reply = "later",
		};

		if (draw(3) == 0)
			ck_assert_int_eq(
			    spool_outcome_record(outcomes, world.sent[i].place.segment, &outcome),
			    0);
	}
	spool_outcomes_free(&outcomes);
}

/* As if its writer had been killed. */
static void
unseal(uint64_t segment)
{
	int fd = open(rig_file(&world.rig, "log", segment, "seg"), O_WRONLY);

	ck_assert_int_eq(
	    pwrite(fd, (char[SEGMENT_SEAL]){ 0 }, SEGMENT_SEAL, SEGMENT_SEAL_AT), SEGMENT_SEAL);
	close(fd);
}

static void
live(void)
{
	static struct found found;
	static const size_t kinds[] = { 200, 4000, 30000, 70000 };

	rig_open(&world.rig, SEGMENT);
	rig_writer(&world.rig);
	world.count = LIFE_MAX / 2 + draw(LIFE_MAX / 2);
	for (size_t i = 0; i < world.count; i++) {
		world.sizes[i] = 1 + draw((unsigned)kinds[draw(4)]);
		rig_send(&world.rig, i + 1, world.sizes[i], &world.sent[i]);
		if (draw(2) == 0)
			rig_wait(&world.rig, world.sent, i + 1);
	}
	rig_wait(&world.rig, world.sent, world.count);
	rig_writer_free(&world.rig);
	put_off_some();
	if (draw(2) == 0)
		unseal(world.sent[world.count - 1].place.segment);
	rig_restart(&world.rig);
	rig_read(&world.rig, &found);
	ck_assert_uint_eq(found.count, world.count);
	for (size_t i = 0; i < found.count; i++)
		world.record[found.record[i].id - 1] = found.record[i];
	walk("log", read_file);
	walk("large", read_file);
}

static void
restore(void)
{
	walk("damaged", remove_it);
	walk("log", remove_it);
	walk("large", remove_it);
	for (size_t i = 0; i < world.files; i++) {
		const struct file *file = &world.file[i];
		int fd = open(path_of(file->name), O_CREAT | O_WRONLY | O_EXCL, 0600);

		ck_assert_int_eq(write(fd, file->data, file->size), (ssize_t)file->size);
		close(fd);
	}
	world.hits = world.findings = 0;
	rig_restart(&world.rig);
}

/* How far there is something in the file but zeros that were laid out. */
static size_t
used(const struct file *file)
{
	size_t size = file->size;

	while (size > 0 && file->data[size - 1] == 0)
		size--;
	return size;
}

static void
flip(const struct file *file, int fd)
{
	size_t from = draw((unsigned)used(file)), len = draw(2) == 0 ? 1 : 1 + draw(3000);

	if (from + len > file->size)
		len = file->size - from;
	for (size_t at = from; at < from + len; at++) {
		unsigned char octet = file->data[at] ^ (unsigned char)(1 + draw(255));

		ck_assert_int_eq(pwrite(fd, &octet, 1, (off_t)at), 1);
	}
	world.hit[world.hits++] = (struct hit){ file, from, from + len, false };
}

static void
cut(const struct file *file, int fd)
{
	size_t size = draw((unsigned)used(file));

	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	world.hit[world.hits++] = (struct hit){ file, size, file->size, true };
}

/* What stands in the folders though nobody made it there. */
static void
add_odd(void)
{
	static const char *const names[] = { "log/ffffffffffffffff.seg", "log/7fffffffffffffff.out",
		"log/ffffffffffffffff.spare", "log/00000000000000ee.seg",
		"log/00000000000000ed.spare", "log/core", "large/core",
		"damaged/0000000000000001-00001000.bin" };
	const char *path = path_of(names[draw(sizeof names / sizeof *names)]);
	int fd;

	switch (draw(3)) {
	case 0:
		ck_assert_int_eq(mkdir(path, 0700), 0);
		break;
	case 1:
		ck_assert_int_eq(mkfifo(path, 0600), 0);
		break;
	default:
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		ck_assert_int_eq(write(fd, path, strlen(path)), (ssize_t)strlen(path));
		close(fd);
	}
}

static void
hurt(void)
{
	for (unsigned n = 1 + draw(HITS); n > 0; n--) {
		const struct file *file = &world.file[draw((unsigned)world.files)];
		bool is_hit = false;

		for (size_t i = 0; i < world.hits; i++)
			is_hit |= world.hit[i].file == file;
		if (is_hit || used(file) == 0)
			continue;

		int fd = open(path_of(file->name), O_RDWR);

		ck_assert_int_ge(fd, 0);
		(draw(3) == 0 ? cut : flip)(file, fd);
		close(fd);
	}
	if (draw(3) == 0)
		add_odd();
}

static void
on_finding(void *ctx, const struct spool_finding *of)
{
	struct finding *finding = &world.finding[world.findings];

	(void)ctx;
	if (world.findings == FINDINGS)
		return;
	snprintf(finding->file, sizeof finding->file, "%s", of->file);
	finding->segment = of->segment;
	finding->offset = of->offset;
	finding->len = of->len;
	world.findings++;
}

static bool
is_named(const struct hit *hit, const char *dir, uint64_t segment)
{
	char name[64];

	snprintf(name, sizeof name, "%s/%016" PRIx64 ".seg", dir, segment);
	return strcmp(hit->file->name, name) == 0;
}

/* The hit that touched the message's record or its large content, or NULL. */
static const struct hit *
find_hit(size_t i)
{
	const struct spool_record *record = &world.record[i];
	const char *large = strrchr(rig_large_file(&world.rig, record->id), '/');

	for (size_t n = 0; n < world.hits; n++) {
		const struct hit *hit = &world.hit[n];

		if (is_named(hit, "log", record->place.segment) &&
		    hit->from < record->place.offset + (uint64_t)record->record_len &&
		    hit->to > record->place.offset)
			return hit;
		if (record->is_large && strcmp(strrchr(hit->file->name, '/'), large) == 0)
			return hit;
	}
	return NULL;
}

static bool
is_sealed(const struct file *file)
{
	uint32_t end;

	return segment_seal_decode(
	    file->data + SEGMENT_SEAL_AT, strtoull(file->name + 4, NULL, 16), &end);
}

static bool
is_boundary(const struct hit *hit)
{
	for (size_t i = 0; i < world.count; i++) {
		const struct spool_record *record = &world.record[i];

		if (is_named(hit, "log", record->place.segment) &&
		    hit->from == record->place.offset + (uint64_t)record->record_len)
			return true;
	}
	return hit->from == SEGMENT_HEAD;
}

/*
 * Without a seal some things look like what a crash, or an earlier life of the file, leaves: a cut
 * exactly behind a record, unless outcomes tell; no magic and another number where a record may
 * begin.
 */
static bool
may_be_silent(size_t i, const struct hit *hit)
{
	uint32_t at = world.record[i].place.offset;

	if (strncmp(hit->file->name, "log/", 4) != 0)
		return false;
	if (hit->is_cut)
		return hit->from == 0 || (!is_sealed(hit->file) && is_boundary(hit));
	return !is_sealed(hit->file) && hit->from < at + (uint64_t)4 && hit->to > at + (uint64_t)8;
}

/* Whether a finding names the place; that of a cut stands before all that is missing. */
static bool
is_told(size_t i, const struct hit *hit)
{
	const struct spool_record *record = &world.record[i];
	uint64_t end = record->place.offset + (uint64_t)record->record_len;

	for (size_t n = 0; n < world.findings; n++) {
		const struct finding *finding = &world.finding[n];

		if (finding->segment == record->place.segment && finding->offset < end &&
		    (hit->is_cut || record->is_large ||
			finding->offset + finding->len > record->place.offset))
			return true;
	}
	return false;
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

	spool->on_finding = on_finding;
	ck_assert_int_eq(spool_inspect(spool, &events, NULL), 0);
	spool->on_finding = NULL;
	rig_read(&world.rig, &found);
	for (size_t i = 0; i < world.count; i++) {
		const struct hit *hit = find_hit(i);
		size_t times = rig_times(&found, i + 1);

		ck_assert_msg(times == 1 || (times == 0 && hit != NULL),
		    "message %zu came %zu times", i + 1, times);
		if (times == 1 || may_be_silent(i, hit))
			continue;
		ck_assert_msg(is_told(i, hit),
		    "message %zu is lost without a word: %s from %" PRIu64 " to %" PRIu64, i + 1,
		    hit->file->name, hit->from, hit->to);
		ck_assert_msg(rig_count(&world.rig, "damaged", "") > 2,
		    "nothing of message %zu is set aside", i + 1);
	}
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

static void
forget(void)
{
	while (world.files > 0)
		free(world.file[--world.files].data);
	rig_close(&world.rig);
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
	world.seed = seed;
	while (clock_mono_ms() < until) {
		live();
		for (int round = 0; round < 20 && clock_mono_ms() < until; round++) {
			restore();
			hurt();
			rig_restart(&world.rig);
			judge();
		}
		forget();
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
