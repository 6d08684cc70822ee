/* SPDX-License-Identifier: ISC */
/* rig_sample.c - see rig_sample.h. */
#include "config.h"

#include "rig_sample.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/record.h"

static struct found found;

static void
unseal(const struct sample *sample)
{
	unsigned char zeros[SEGMENT_SEAL] = { 0 };

	ck_assert_int_eq(pwrite(sample->fd, zeros, sizeof zeros, SEGMENT_SEAL_AT), sizeof zeros);
}

void
sample_make(struct sample *sample, bool is_sealed)
{
	struct stat st;

	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "test");
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&sample->rig, SAMPLE_SEGMENT);
	rig_writer(&sample->rig);
	for (size_t i = 0; i < SAMPLE_MESSAGES; i++) {
		rig_send(&sample->rig, i + 1, 100 + i * 40, &sample->sent[i]);
		rig_wait(&sample->rig, &sample->sent[i], 1);
	}
	rig_writer_free(&sample->rig);
	sample->fd = open(rig_file(&sample->rig, "log", 1, "seg"), O_RDWR);
	ck_assert_int_ge(sample->fd, 0);
	if (!is_sealed)
		unseal(sample);
	fstat(sample->fd, &st);
	sample->size = (size_t)st.st_size;
	sample->bytes = malloc(sample->size);
	ck_assert_int_eq(disk_read_all(sample->fd, sample->bytes, sample->size, 0), 0);
	rig_restart(&sample->rig);
	rig_read(&sample->rig, &found);
	ck_assert_uint_eq(found.count, SAMPLE_MESSAGES);
	sample->end = found.record[SAMPLE_MESSAGES - 1].place.offset +
		      found.record[SAMPLE_MESSAGES - 1].record_len;
}

void
sample_restore(const struct sample *sample)
{
	ck_assert_int_eq(ftruncate(sample->fd, (off_t)sample->size), 0);
	ck_assert_int_eq(pwrite(sample->fd, sample->bytes, sample->size, 0), (ssize_t)sample->size);
}

void
sample_close(struct sample *sample)
{
	close(sample->fd);
	free(sample->bytes);
	rig_close(&sample->rig);
}

const char *
sample_copy(const struct sample *sample, uint32_t offset)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/damaged/%016x-%08x.bin", sample->rig.path, 1, offset);
	return path;
}

unsigned
rig_take_copies(const struct rig *rig)
{
	char path[128];
	struct dirent *entry;
	unsigned count = 0;

	snprintf(path, sizeof path, "%s/damaged", rig->path);

	DIR *dir = opendir(path);

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
			count++;
		}
	closedir(dir);
	return count;
}
