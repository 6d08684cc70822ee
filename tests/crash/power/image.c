/* SPDX-License-Identifier: ISC */
/* image.c - see image.h: files by number, and names that lead to them. */
#include "config.h"

#include "image.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sectors.h"
#include "tree.h"

struct name {
	enum trace_dir dir;
	char text[TRACE_NAME];
	unsigned file;
};

struct names {
	struct name *name;
	size_t count;
};

struct image {
	const struct trace *trace;
	size_t next; /* operation */
	struct file *file;
	struct names names; /* the durable ones */
	size_t *pending;    /* operations on names that are not durable */
	size_t npending;
};

static const char *const dirs[TRACE_DIRS] = { "log", "large", "damaged" };

static struct name *
find(const struct names *names, enum trace_dir dir, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->name[i].dir == dir && strcmp(names->name[i].text, text) == 0)
			return &names->name[i];
	return NULL;
}

static void
take_away(struct names *names, enum trace_dir dir, const char *text)
{
	struct name *name = find(names, dir, text);

	if (name != NULL)
		*name = names->name[--names->count];
}

static void
put(struct names *names, enum trace_dir dir, const char *text, unsigned file)
{
	take_away(names, dir, text);
	names->name = reallocarray(names->name, names->count + 1, sizeof *names->name);
	ck_assert_ptr_nonnull(names->name);

	struct name *name = &names->name[names->count++];

	name->dir = dir;
	name->file = file;
	snprintf(name->text, sizeof name->text, "%s", text);
}

/* What it does to the names that are there: one whose own past was lost does nothing, even if
 * another file has that name by then. */
static void
apply(struct names *names, const struct trace_op *op)
{
	const struct name *name = find(names, op->dir, op->name);

	if (op->kind == TRACE_CREATE || op->kind == TRACE_FOUND) {
		put(names, op->dir, op->name, op->file);
	} else if (name != NULL && name->file == op->file) {
		take_away(names, op->dir, op->name);
		if (op->kind == TRACE_RENAME)
			put(names, op->to_dir, op->to, op->file);
	}
}

struct image *
image_new(const struct trace *trace)
{
	struct image *image = calloc(1, sizeof *image);

	ck_assert_ptr_nonnull(image);
	image->trace = trace;
	image->file = calloc(trace->files + 1, sizeof *image->file);
	image->pending = calloc(trace->count + 1, sizeof *image->pending);
	ck_assert(image->file != NULL && image->pending != NULL);
	return image;
}

void
image_free(struct image **image)
{
	for (unsigned i = 0; i < (*image)->trace->files; i++)
		file_clear(&(*image)->file[i]);
	free((*image)->file);
	free((*image)->pending);
	free((*image)->names.name);
	free(*image);
	*image = NULL;
}

/* The directory is durable as far as it was when the sync began. */
static void
sync_names(struct image *image, enum trace_dir dir, size_t begin)
{
	size_t kept = 0;

	for (size_t i = 0; i < image->npending; i++) {
		const struct trace_op *op = &image->trace->op[image->pending[i]];
		bool is_here = op->dir == dir || (op->kind == TRACE_RENAME && op->to_dir == dir);

		if (is_here && image->pending[i] < begin)
			apply(&image->names, op);
		else
			image->pending[kept++] = image->pending[i];
	}
	image->npending = kept;
}

static void
step(struct image *image, size_t at, const struct trace_op *op)
{
	struct file *file = &image->file[op->file];

	switch (op->kind) {
	case TRACE_FOUND:
		file_write(file, at, 0, op->data, op->len);
		file_settle(file);
		apply(&image->names, op);
		break;
	case TRACE_CREATE:
	case TRACE_RENAME:
	case TRACE_UNLINK:
		image->pending[image->npending++] = at;
		break;
	case TRACE_WRITE:
		file_write(file, at, (size_t)op->offset, op->data, op->len);
		break;
	case TRACE_SIZE:
		file_resize(file, at, (size_t)op->offset);
		break;
	case TRACE_SYNC:
		file_sync(file, op->begin);
		break;
	case TRACE_SYNC_FAILED:
		file_spoil(file, op->begin);
		break;
	case TRACE_SYNC_DIR:
		sync_names(image, op->dir, op->begin);
		break;
	}
}

void
image_advance(struct image *image, size_t op)
{
	for (; image->next < op; image->next++)
		step(image, image->next, &image->trace->op[image->next]);
}

static void
write_file(const char *path, const struct name *name, const void *data, size_t size)
{
	char at[256];

	snprintf(at, sizeof at, "%s/%s/%s", path, dirs[name->dir], name->text);

	int fd = open(at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* The names as they may be: those up to some moment, or any. */
static void
draw_names(const struct image *image, struct names *names, unsigned lose, unsigned *seed)
{
	bool is_ordered = rand_r(seed) % 2 == 0;

	for (size_t i = 0; i < image->names.count; i++) {
		const struct name *name = &image->names.name[i];

		put(names, name->dir, name->text, name->file);
	}
	for (size_t i = 0; i < image->npending; i++)
		if ((unsigned)rand_r(seed) % 16 >= lose)
			apply(names, &image->trace->op[image->pending[i]]);
		else if (is_ordered)
			break;
}

void
image_write(const struct image *image, const char *path, unsigned seed)
{
	static const unsigned loses[] = { 0, 1, 4, 8, 12, 15, 16 };
	unsigned lose_data = loses[rand_r(&seed) % 7], lose_names = loses[rand_r(&seed) % 7];
	struct names names = { .name = NULL };
	unsigned char *data = NULL;

	image_make_spool(path);
	draw_names(image, &names, lose_names, &seed);
	for (size_t i = 0; i < names.count; i++) {
		const struct file *file = &image->file[names.name[i].file];

		data = realloc(data, file->room + 1);
		ck_assert_ptr_nonnull(data);
		write_file(path, &names.name[i], data, file_draw(file, data, lose_data, &seed));
	}
	free(data);
	free(names.name);
}

void
image_make_spool(const char *path)
{
	char sub[256];

	ck_assert_int_eq(mkdir(path, 0700), 0);
	for (enum trace_dir dir = 0; dir < TRACE_DIRS; dir++) {
		snprintf(sub, sizeof sub, "%s/%s", path, dirs[dir]);
		ck_assert_int_eq(mkdir(sub, 0700), 0);
	}
}

void
image_remove(const char *path)
{
	tree_remove(path);
}
