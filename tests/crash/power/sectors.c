/* SPDX-License-Identifier: ISC */
/*
 * sectors.c - see sectors.h.  A write makes a version of every sector that it touches, whole: the
 * disk gets sectors, and each page that the kernel writes holds what earlier writes left there.
 */
#include "config.h"

#include "sectors.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static size_t
round_up(size_t size)
{
	return (size + SECTOR - 1) / SECTOR * SECTOR;
}

static void
make_room(struct file *file, size_t size)
{
	size_t room = round_up(size), more = room - file->room;

	if (room <= file->room)
		return;
	file->base = realloc(file->base, room);
	file->now = realloc(file->now, room);
	file->sector = reallocarray(file->sector, room / SECTOR, sizeof *file->sector);
	ck_assert(file->base != NULL && file->now != NULL && file->sector != NULL);
	memset(file->base + file->room, 0, more);
	memset(file->now + file->room, 0, more);
	memset(file->sector + file->room / SECTOR, 0, more / SECTOR * sizeof *file->sector);
	file->room = room;
}

static void
add_versions(struct file *file, size_t at, size_t offset, size_t end)
{
	for (size_t i = offset / SECTOR; i * SECTOR < end; i++) {
		struct sector *sector = &file->sector[i];

		sector->version =
		    reallocarray(sector->version, sector->count + 1, sizeof *sector->version);
		ck_assert_ptr_nonnull(sector->version);

		struct version *version = &sector->version[sector->count++];

		version->at = at;
		version->is_clean = false;
		memcpy(version->data, file->now + i * SECTOR, SECTOR);
	}
}

static void
set_size(struct file *file, size_t at, size_t size)
{
	file->size = reallocarray(file->size, file->nsizes + 1, sizeof *file->size);
	ck_assert_ptr_nonnull(file->size);
	file->size[file->nsizes++] = (struct size_version){ at, size };
	file->now_size = size;
}

void
file_write(struct file *file, size_t at, size_t offset, const void *data, size_t len)
{
	if (len == 0)
		return;
	make_room(file, offset + len);
	memcpy(file->now + offset, data, len);
	add_versions(file, at, offset, offset + len);
	if (offset + len > file->now_size)
		set_size(file, at, offset + len);
}

void
file_resize(struct file *file, size_t at, size_t size)
{
	make_room(file, size);
	if (size < file->now_size) {
		memset(file->now + size, 0, file->now_size - size);
		add_versions(file, at, size, file->now_size);
	}
	if (size != file->now_size)
		set_size(file, at, size);
}

/* How many of the versions a sync covers. */
static size_t
covered(const struct sector *sector, size_t begin)
{
	size_t count = 0;

	while (count < sector->count && sector->version[count].at < begin)
		count++;
	return count;
}

static void
sync_sector(struct sector *sector, size_t begin, unsigned char *base)
{
	size_t count = covered(sector, begin);

	if (count == 0 || sector->version[count - 1].is_clean)
		return;
	memcpy(base, sector->version[count - 1].data, SECTOR);
	sector->count -= count;
	memmove(sector->version, sector->version + count, sector->count * sizeof *sector->version);
	if (sector->count == 0) {
		free(sector->version);
		sector->version = NULL;
	}
}

void
file_sync(struct file *file, size_t begin)
{
	size_t count = 0;

	for (size_t i = 0; i < file->room / SECTOR; i++)
		sync_sector(&file->sector[i], begin, file->base + i * SECTOR);
	while (count < file->nsizes && file->size[count].at < begin)
		file->base_size = file->size[count++].size;
	file->nsizes -= count;
	if (count > 0)
		memmove(file->size, file->size + count, file->nsizes * sizeof *file->size);
}

void
file_spoil(struct file *file, size_t begin)
{
	for (size_t i = 0; i < file->room / SECTOR; i++) {
		struct sector *sector = &file->sector[i];

		for (size_t n = covered(sector, begin); n > 0; n--)
			sector->version[n - 1].is_clean = true;
	}
}

void
file_settle(struct file *file)
{
	file_sync(file, SIZE_MAX);
}

/* Versions are lost from some moment on, for each sector another one. */
static size_t
draw(size_t count, unsigned lose, unsigned *seed)
{
	size_t kept = 0;

	while (kept < count && (unsigned)rand_r(seed) % 16 >= lose)
		kept++;
	return kept;
}

size_t
file_draw(const struct file *file, unsigned char *out, unsigned lose, unsigned *seed)
{
	size_t kept = draw(file->nsizes, lose, seed);

	if (file->room > 0)
		memcpy(out, file->base, file->room);
	for (size_t i = 0; i < file->room / SECTOR; i++) {
		const struct sector *sector = &file->sector[i];
		size_t n = draw(sector->count, lose, seed);

		if (n > 0)
			memcpy(out + i * SECTOR, sector->version[n - 1].data, SECTOR);
	}
	return kept > 0 ? file->size[kept - 1].size : file->base_size;
}

void
file_clear(struct file *file)
{
	for (size_t i = 0; i < file->room / SECTOR; i++)
		free(file->sector[i].version);
	free(file->sector);
	free(file->size);
	free(file->base);
	free(file->now);
	*file = (struct file){ .base = NULL };
}
