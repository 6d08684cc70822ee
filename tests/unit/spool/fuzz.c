/* SPDX-License-Identifier: ISC */
/* fuzz.c - see fuzz.h. */
#include "config.h"

#include "fuzz.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/record.h"

enum { SEGMENT = 192 * 1024 };

static unsigned
draw(struct world *world, unsigned below)
{
	return (unsigned)rand_r(&world->seed) % below;
}

static const char *
path_of(const struct world *world, const char *name)
{
	static char path[192];

	snprintf(path, sizeof path, "%s/%s", world->rig.path, name);
	return path;
}

static void
read_file(struct world *world, const char *name)
{
	struct file *file = &world->file[world->files++];
	int fd = open(path_of(world, name), O_RDONLY);
	struct stat st;

	ck_assert_uint_le(world->files, FILES);
	ck_assert(fd >= 0 && fstat(fd, &st) == 0);
	snprintf(file->name, sizeof file->name, "%s", name);
	file->size = (size_t)st.st_size;
	file->data = malloc(file->size + 1);
	ck_assert_int_eq(disk_read_all(fd, file->data, file->size, 0), 0);
	close(fd);
}

/* Call fn for each name in the folder. */
static void
walk(struct world *world, const char *folder, void (*fn)(struct world *world, const char *name))
{
	DIR *dir = opendir(path_of(world, folder));
	struct dirent *entry;
	char name[300];

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
			fn(world, name);
		}
	closedir(dir);
}

static void
remove_it(struct world *world, const char *name)
{
	if (unlink(path_of(world, name)) != 0)
		ck_assert_int_eq(rmdir(path_of(world, name)), 0);
}

/* Outcomes for some, which end nothing. */
static void
put_off_some(struct world *world)
{
	struct spool_outcomes *outcomes = spool_outcomes_new(world->rig.spool);

	ck_assert_ptr_nonnull(outcomes);
	for (size_t i = 0; i < world->count; i++) {
		const struct outcome outcome = {
			.kind = OUTCOME_DEFERRED,
			.id = world->sent[i].id,
			.offset = world->sent[i].place.offset,
			.rcpt = OUTCOME_ALL,
			.reply = "later",
		};

		if (draw(world, 3) == 0)
			ck_assert_int_eq(
			    spool_outcome_record(outcomes, world->sent[i].place.segment, &outcome),
			    0);
	}
	spool_outcomes_free(&outcomes);
}

/* As if its writer had been killed. */
static void
unseal(const struct world *world, uint64_t segment)
{
	int fd = open(rig_file(&world->rig, "log", segment, "seg"), O_WRONLY);

	ck_assert_int_eq(
	    pwrite(fd, (char[SEGMENT_SEAL]){ 0 }, SEGMENT_SEAL, SEGMENT_SEAL_AT), SEGMENT_SEAL);
	close(fd);
}

void
fuzz_live(struct world *world)
{
	static struct found found;
	static const size_t kinds[] = { 200, 4000, 30000, 70000 };

	rig_open(&world->rig, SEGMENT);
	rig_writer(&world->rig);
	world->count = LIFE_MAX / 2 + draw(world, LIFE_MAX / 2);
	for (size_t i = 0; i < world->count; i++) {
		world->sizes[i] = 1 + draw(world, (unsigned)kinds[draw(world, 4)]);
		rig_send(&world->rig, i + 1, world->sizes[i], &world->sent[i]);
		if (draw(world, 2) == 0)
			rig_wait(&world->rig, world->sent, i + 1);
	}
	rig_wait(&world->rig, world->sent, world->count);
	rig_writer_free(&world->rig);
	put_off_some(world);
	if (draw(world, 2) == 0)
		unseal(world, world->sent[world->count - 1].place.segment);
	rig_restart(&world->rig);
	rig_read(&world->rig, &found);
	ck_assert_uint_eq(found.count, world->count);
	for (size_t i = 0; i < found.count; i++)
		world->record[found.record[i].id - 1] = found.record[i];
	walk(world, "log", read_file);
	walk(world, "large", read_file);
}

void
fuzz_restore(struct world *world)
{
	walk(world, "damaged", remove_it);
	walk(world, "log", remove_it);
	walk(world, "large", remove_it);
	for (size_t i = 0; i < world->files; i++) {
		const struct file *file = &world->file[i];
		int fd = open(path_of(world, file->name), O_CREAT | O_WRONLY | O_EXCL, 0600);

		ck_assert_int_eq(write(fd, file->data, file->size), (ssize_t)file->size);
		close(fd);
	}
	world->hits = 0;
	rig_restart(&world->rig);
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
flip(struct world *world, const struct file *file, int fd)
{
	size_t from = draw(world, (unsigned)used(file)),
	       len = draw(world, 2) == 0 ? 1 : 1 + draw(world, 3000);

	if (from + len > file->size)
		len = file->size - from;
	for (size_t at = from; at < from + len; at++) {
		unsigned char octet = file->data[at] ^ (unsigned char)(1 + draw(world, 255));

		ck_assert_int_eq(pwrite(fd, &octet, 1, (off_t)at), 1);
	}
	world->hit[world->hits++] = (struct hit){ file, from, from + len, false };
}

static void
cut(struct world *world, const struct file *file, int fd)
{
	size_t size = draw(world, (unsigned)used(file));

	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	world->hit[world->hits++] = (struct hit){ file, size, file->size, true };
}

/* What stands in the folders though nobody made it there. */
static void
add_odd(struct world *world)
{
	static const char *const names[] = { "log/ffffffffffffffff.seg", "log/7fffffffffffffff.out",
		"log/ffffffffffffffff.spare", "log/00000000000000ee.seg",
		"log/00000000000000ed.spare", "log/core", "large/core",
		"damaged/0000000000000001-00001000.bin" };
	const char *path = path_of(world, names[draw(world, sizeof names / sizeof *names)]);
	int fd;

	switch (draw(world, 3)) {
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

void
fuzz_hurt(struct world *world)
{
	for (unsigned n = 1 + draw(world, HITS); n > 0; n--) {
		const struct file *file = &world->file[draw(world, (unsigned)world->files)];
		bool is_hit = false;

		for (size_t i = 0; i < world->hits; i++)
			is_hit |= world->hit[i].file == file;
		if (is_hit || used(file) == 0)
			continue;

		int fd = open(path_of(world, file->name), O_RDWR);

		ck_assert_int_ge(fd, 0);
		(draw(world, 3) == 0 ? cut : flip)(world, file, fd);
		close(fd);
	}
	if (draw(world, 3) == 0)
		add_odd(world);
}

void
fuzz_forget(struct world *world)
{
	while (world->files > 0)
		free(world->file[--world->files].data);
	rig_close(&world->rig);
}
