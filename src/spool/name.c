/* SPDX-License-Identifier: ISC */
/* name.c - file names.  A number is always 16 hex digits, so that names sort as numbers do. */
#include "config.h"

#include "spool/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/parse.h"

enum { NUMBER_LEN = 16 };

void
name_segment(uint64_t number, const char *suffix, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%016" PRIx64 ".%s", number, suffix);
}

void
name_segment_prep(uint64_t number, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%016" PRIx64 ".%jd.prep", number, (intmax_t)getpid());
}

/* Any number of 16 digits. */
static bool
read_number(const char *name, uint64_t *number)
{
	uint64_t value = 0;

	for (int i = 0; i < NUMBER_LEN; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = name[i] == '\0' ? NULL : strchr(digits, name[i]);

		if (digit == NULL)
			return false;
		value = value << 4 | (uint64_t)(digit - digits);
	}
	*number = value;
	return name[NUMBER_LEN] == '.';
}

bool
name_has_number(const char *name, uint64_t *number)
{
	return read_number(name, number) && *number <= NAME_NUMBER_MAX;
}

bool
name_is_stray(const char *name, uint64_t *number)
{
	return read_number(name, number) && *number > NAME_NUMBER_START_MAX;
}

bool
name_is_segment(const char *name, const char *suffix, uint64_t *number)
{
	return name_has_number(name, number) && strcmp(name + NUMBER_LEN + 1, suffix) == 0;
}

void
name_large(uint64_t id, char out[NAME_SIZE])
{
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	snprintf(out, NAME_SIZE, "%s.msg", text);
}

bool
name_is_large(const char *name, uint64_t *id)
{
	char text[ID_TEXT_SIZE];

	if (strlen(name) != ID_TEXT_LEN + strlen(".msg") || strcmp(name + ID_TEXT_LEN, ".msg") != 0)
		return false;
	memcpy(text, name, ID_TEXT_LEN);
	text[ID_TEXT_LEN] = '\0';
	return id_parse(text, id) == 0;
}

void
name_part(uint64_t id, char out[NAME_SIZE])
{
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	snprintf(out, NAME_SIZE, "%s.%jd.part", text, (intmax_t)getpid());
}

void
name_prep(char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "spare.%jd.prep", (intmax_t)getpid());
}

bool
name_is_unfinished(const char *name, pid_t *owner)
{
	const char *pid = strchr(name, '.');
	const char *suffix = pid == NULL ? NULL : strchr(pid + 1, '.');
	char text[NAME_SIZE];
	uint64_t number;

	if (suffix == NULL || (strcmp(suffix, ".part") != 0 && strcmp(suffix, ".prep") != 0))
		return false;
	snprintf(text, sizeof text, "%.*s", (int)(suffix - pid - 1), pid + 1);
	if (parse_number(text, 1, INT32_MAX, &number) < 0)
		return false;
	*owner = (pid_t)number;
	return true;
}

int
name_walk(int dir, bool (*fn)(void *ctx, const char *name), void *ctx)
{
	/* A descriptor of its own: reading moves the offset that a dup would share with other
	 * threads. */
	int fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error;

	if (dir < 0)
		return 0;
	if (stream == NULL) {
		error = errno;
		if (fd >= 0)
			close(fd);
		errno = error;
		return -1;
	}
	errno = 0;
	while ((entry = readdir(stream)) != NULL && fn(ctx, entry->d_name))
		errno = 0;
	error = entry == NULL ? errno : 0;
	closedir(stream);
	errno = error;
	return error == 0 ? 0 : -1;
}
