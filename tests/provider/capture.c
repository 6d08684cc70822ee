/* SPDX-License-Identifier: ISC */
/* capture.c - the Maildir.  A message's head stays in memory; only what is longer goes to tmp
 * early. */
#include "capture.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define HEAD_FIRST      8192
#define HEAD_MAX        65536
#define NAME_MAX_OCTETS 128
#define PATH_OCTETS     4096

struct capture {
	const char *dir; /* NULL: keep nothing */
	unsigned long files;
};

struct message {
	struct capture *capture;
	char *head;
	size_t head_len;
	size_t head_room;
	size_t octets;
	FILE *file; /* opened when the head is full */
	char tmp[PATH_OCTETS];
	int error;
};

struct capture *
capture_new(const char *dir)
{
	static const char *const parts[] = { "", "/tmp", "/new", "/cur", "/meta" };
	struct capture *capture = calloc(1, sizeof(*capture));
	char path[PATH_OCTETS];

	if (capture == NULL || dir == NULL)
		return capture;
	capture->dir = dir;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
		if (mkdir(path, 0777) < 0 && errno != EEXIST) {
			free(capture);
			return NULL;
		}
	}
	return capture;
}

void
capture_free(struct capture **capture)
{
	free(*capture);
	*capture = NULL;
}

int
capture_keeps(const struct capture *capture)
{
	return capture->dir != NULL;
}

struct message *
message_new(struct capture *capture)
{
	struct message *m = malloc(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->capture = capture;
	m->head_room = HEAD_FIRST;
	m->head = malloc(m->head_room);
	m->head_len = m->octets = 0;
	m->file = NULL;
	m->tmp[0] = '\0';
	m->error = 0;
	if (m->head == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

void
message_free(struct message **message)
{
	struct message *m = *message;

	if (m == NULL)
		return;
	*message = NULL;
	if (m->file != NULL)
		fclose(m->file);
	if (m->tmp[0] != '\0')
		unlink(m->tmp);
	free(m->head);
	free(m);
}

size_t
message_octets(const struct message *m)
{
	return m->octets;
}

static void
open_file(struct message *m)
{
	snprintf(m->tmp, sizeof(m->tmp), "%s/tmp/%ld-%lu", m->capture->dir, (long)getpid(),
	    ++m->capture->files);
	m->file = fopen(m->tmp, "we");
	if (m->file == NULL) {
		m->tmp[0] = '\0';
		m->error = errno;
		return;
	}
	if (fwrite(m->head, 1, m->head_len, m->file) != m->head_len)
		m->error = errno;
}

/* Keep what the head has room for; returns how much that was. */
static size_t
add_to_head(struct message *m, const char *data, size_t len)
{
	if (m->file != NULL)
		return 0;
	while (m->head_room - m->head_len < len && m->head_room < HEAD_MAX) {
		char *grown = realloc(m->head, 2 * m->head_room);

		if (grown == NULL)
			break;
		m->head = grown;
		m->head_room *= 2;
	}
	if (len > m->head_room - m->head_len)
		len = m->head_room - m->head_len;
	memcpy(m->head + m->head_len, data, len);
	m->head_len += len;
	return len;
}

void
message_add(struct message *m, const void *data, size_t len)
{
	size_t kept = add_to_head(m, data, len);

	m->octets += len;
	if (kept == len || !capture_keeps(m->capture) || m->error != 0)
		return;
	if (m->file == NULL)
		open_file(m);
	if (m->file != NULL &&
	    fwrite((const char *)data + kept, 1, len - kept, m->file) != len - kept)
		m->error = errno;
}

void
message_header(const struct message *m, const char *name, char *out, size_t size)
{
	const char *p = m->head, *end = m->head + m->head_len;
	size_t name_len = strlen(name);

	out[0] = '\0';
	while (p < end && *p != '\r' && *p != '\n') {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((eol != NULL ? eol : end) - p);

		if (len > name_len && p[name_len] == ':' && strncasecmp(p, name, name_len) == 0) {
			const char *value = p + name_len + 1;

			while (value < p + len && (*value == ' ' || *value == '\t'))
				value++;
			len -= (size_t)(value - p);
			if (len > 0 && value[len - 1] == '\r')
				len--;
			snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), value);
			return;
		}
		p += len + 1;
	}
}

/* Write the meta data under a temporary name, and put it in place. */
static int
write_meta(const char *dir, const char *name, json_t *meta)
{
	char tmp[PATH_OCTETS], path[PATH_OCTETS];

	snprintf(tmp, sizeof(tmp), "%s/tmp/%s.json", dir, name);
	snprintf(path, sizeof(path), "%s/meta/%s.json", dir, name);
	if (json_dump_file(meta, tmp, JSON_COMPACT) < 0)
		return -1;
	return rename(tmp, path);
}

static int
file_message(struct message *m, const char *name)
{
	char path[PATH_OCTETS];

	if (m->file == NULL && m->error == 0)
		open_file(m);
	if (m->file != NULL && fclose(m->file) != 0 && m->error == 0)
		m->error = errno;
	m->file = NULL;
	if (m->error != 0) {
		errno = m->error;
		return -1;
	}
	snprintf(path, sizeof(path), "%s/new/%s", m->capture->dir, name);
	if (rename(m->tmp, path) < 0)
		return -1;
	m->tmp[0] = '\0';
	return 0;
}

int
message_accept(struct message *m, json_t *meta, unsigned long connection, unsigned long transaction)
{
	char name[NAME_MAX_OCTETS];
	struct timespec ts;
	int r = 0;

	if (capture_keeps(m->capture)) {
		clock_gettime(CLOCK_REALTIME, &ts);
		snprintf(name, sizeof(name), "%lld.M%06ldP%ldC%luT%lu.provider",
		    (long long)ts.tv_sec, ts.tv_nsec / 1000, (long)getpid(), connection,
		    transaction);
		r = write_meta(m->capture->dir, name, meta);
		if (r == 0)
			r = file_message(m, name);
	}
	json_decref(meta);
	return r;
}
