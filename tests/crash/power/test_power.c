/* SPDX-License-Identifier: ISC */
/*
 * test_power.c - a random life is recorded, and the power fails at random moments of it, with
 * random parts of what was not durable on the disk: recovery finds all that was promised.  Some of
 * the recovered relays live on, and lose their power again.
 * POSTERN_SEED=N repeats the choices of a run (threads still have their own pace),
 * POSTERN_SECONDS=N or POSTERN_SLOW=1 makes it long.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "image.h"
#include "letters.h"
#include "play.h"
#include "trace.h"
#include "verify.h"

enum { SECONDS = 5, SLOW_SECONDS = 200, LETTERS = 600, LIVES = 3, WHERE = 512 };

/* Shared with the processes that run the tests, so that the place of a failure is known. */
static struct {
	char where[PLAY_DISKS][WHERE]; /* of each test; empty once it has passed */
	unsigned long images, lives, letters, failures;
} * shared;

static const uint64_t sizes[] = { 96 * 1024, 192 * 1024, 400 * 1024 };

/* How much of it: one life, its images, and how many of those live on. */
static const struct scale {
	unsigned steps, images, one_of;
} scales[LIVES] = { { 300, 200, 20 }, { 40, 15, 8 }, { 20, 6, 0 } };

struct world {
	char dir[64];
	uint64_t segment_size;
	int64_t until_ms;
	unsigned flags; /* of verify() */
	enum play_disk disk;
	unsigned seed;
};

static double
seconds(void)
{
	const char *given = getenv("POSTERN_SECONDS");

	if (given != NULL)
		return strtod(given, NULL);
	return getenv("POSTERN_SLOW") != NULL ? SLOW_SECONDS : SECONDS;
}

static void live(struct world *world, struct letters *letters, unsigned depth, const char *path);

/* The same disk again, as it is after that power cut: the relay lives on from there. */
static void
live_on(struct world *world, const struct letters *letters, const struct finding *finding,
    const struct image *image, size_t cut, unsigned draw, unsigned depth)
{
	struct letters more;
	char path[128];

	snprintf(path, sizeof path, "%s/%u", world->dir, depth);
	letters_init(&more, letters->room);
	memcpy(more.letter, letters->letter, letters->count * sizeof *letters->letter);
	more.count = letters->count;
	verify_adopt(&more, cut, finding);
	image_write(image, path, draw);
	live(world, &more, depth, path);
	image_remove(path);
	letters_free(&more);
}

static void
cut_power(struct world *world, const struct letters *letters, struct image *image, size_t cut,
    unsigned depth)
{
	static struct finding finding[LIVES][LETTERS];
	unsigned one_of = scales[depth].one_of, draw = (unsigned)rand_r(&world->seed);
	char *where = shared->where[world->disk];
	size_t len = strlen(where);
	char path[128];

	snprintf(where + len, WHERE - len, ", cut at %zu (disk %u)", cut, draw);
	snprintf(path, sizeof path, "%s/image", world->dir);
	image_advance(image, cut);
	image_write(image, path, draw);
	/* A life does not go on from letters without contents. */
	if (verify(letters, path, cut, world->segment_size, world->flags, finding[depth]) > 0)
		one_of = 0;
	image_remove(path);
	shared->images++;
	if (one_of > 0 && (unsigned)rand_r(&world->seed) % one_of == 0)
		live_on(world, letters, finding[depth], image, cut, draw, depth + 1);
	where[len] = '\0';
}

static int
by_moment(const void *a, const void *b)
{
	size_t left = *(const size_t *)a, right = *(const size_t *)b;

	return left < right ? -1 : left > right;
}

static void
cut_trace(
    struct world *world, const struct letters *letters, const struct trace *trace, unsigned depth)
{
	struct image *image = image_new(trace);
	size_t first = trace->start > 0 ? trace->start : 1;
	size_t cuts[256];
	unsigned count = trace->count < first ? 0 : scales[depth].images;

	for (unsigned i = 0; i < count; i++)
		cuts[i] = first + (size_t)rand_r(&world->seed) % (trace->count + 1 - first);
	qsort(cuts, count, sizeof *cuts, by_moment);
	for (unsigned i = 0; i < count && clock_mono_ms() < world->until_ms; i++)
		cut_power(world, letters, image, cuts[i], depth);
	image_free(&image);
}

static void
live(struct world *world, struct letters *letters, unsigned depth, const char *path)
{
	struct play play = {
		.letters = letters,
		.seed = (unsigned)rand_r(&world->seed),
		.disk = world->disk,
	};
	struct trace trace;

	trace_start(path, (unsigned)rand_r(&world->seed));
	play_run(&play, path, world->segment_size,
	    1 + (unsigned)rand_r(&world->seed) % scales[depth].steps);
	trace = trace_stop();
	shared->lives++;
	shared->letters += letters->count;
	ck_assert_uint_eq(trace_repeated_syncs(), 0);
	letters_learn_drops(letters, &trace);
	cut_trace(world, letters, &trace, depth);
	trace_free(&trace);
}

/* An empty spool in a directory of its own, whose path is put into `path`. */
static void
make_world(struct world *world, unsigned seed, char path[128])
{
	static const char *const names[] = { "", "-troubled", "-planned" };

	world->seed = seed;
	world->segment_size = sizes[seed % 3];
	snprintf(world->dir, sizeof world->dir, "./power-%u%s", seed, names[world->disk]);
	snprintf(shared->where[world->disk], WHERE, "POSTERN_SEED=%u, in %s", seed, world->dir);
	image_remove(world->dir);
	ck_assert_int_eq(mkdir(world->dir, 0700), 0);
	snprintf(path, 128, "%s/log", world->dir);
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	snprintf(path, 128, "%s/0", world->dir);
	image_make_spool(path);
}

static void
live_often(enum play_disk disk, unsigned flags, void (*be_born)(struct world *world, unsigned seed))
{
	const char *given = getenv("POSTERN_SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
				      : (unsigned)(clock_real_ms() % 1000000);
	struct world world = {
		.disk = disk,
		.flags = flags,
		.until_ms = clock_mono_ms() + (int64_t)(seconds() * 1000),
	};

	do
		be_born(&world, seed++);
	while (clock_mono_ms() < world.until_ms);
	shared->where[disk][0] = '\0';
}

static void
lose_power(struct world *world, unsigned seed)
{
	struct letters letters;
	char path[128];

	make_world(world, seed, path);
	letters_init(&letters, LETTERS);
	live(world, &letters, 0, path);
	letters_free(&letters);
	image_remove(world->dir);
}

START_TEST(a_power_cut_breaks_no_promise)
{
	live_often(PLAY_SOUND, 0, lose_power);
}
END_TEST

START_TEST(nor_after_a_disk_that_failed)
{
	live_often(PLAY_TROUBLED, VERIFY_MAY_REPEAT | VERIFY_MAY_REFUSE, lose_power);
}
END_TEST

/* The power stays, but one operation after another fails in lives that are much alike, once or for
 * the rest of the life. */
static void
fail_in_turn(struct world *world, unsigned seed)
{
	static const int errors[] = { ENOSPC, EIO, EDQUOT, EROFS, EMFILE };
	static struct finding finding[LETTERS];
	static size_t nth;
	struct play play = { .seed = seed / 1000, .disk = world->disk };
	struct letters letters;
	struct trace trace;
	char path[128];

	make_world(world, seed, path);
	letters_init(&letters, LETTERS);
	play.letters = &letters;
	trace_start(path, seed);
	trace_fail_nth(++nth, errors[seed % 5], seed % 3 == 0);
	play_run(&play, path, world->segment_size, 30);
	trace = trace_stop();
	nth = nth < trace.count ? nth : 0;
	ck_assert_uint_eq(trace_repeated_syncs(), 0);
	verify(&letters, path, trace.count, world->segment_size, world->flags, finding);
	trace_free(&trace);
	letters_free(&letters);
	image_remove(world->dir);
	shared->failures++;
}

START_TEST(each_operation_that_fails_is_overcome)
{
	live_often(PLAY_PLANNED, VERIFY_MAY_REPEAT, fail_in_turn);
}
END_TEST

static void
add(Suite *suite, const char *name, const TTest *test)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, seconds() * 2 + 60);
	tcase_add_test(tcase, test);
	suite_add_tcase(suite, tcase);
}

int
main(void)
{
	Suite *suite = suite_create("crash/power");
	SRunner *runner = srunner_create(suite);
	int failed;

	shared =
	    mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return EXIT_FAILURE;
	add(suite, "power", a_power_cut_breaks_no_promise);
	add(suite, "troubled", nor_after_a_disk_that_failed);
	add(suite, "planned", each_operation_that_fails_is_overcome);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("%lu disks, %lu lives, %lu letters; %lu lives with a failure\n", shared->images,
	    shared->lives, shared->letters, shared->failures);
	for (unsigned disk = 0; disk < PLAY_DISKS; disk++)
		if (shared->where[disk][0] != '\0')
			printf("failed: %s\n", shared->where[disk]);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
