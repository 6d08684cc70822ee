/* SPDX-License-Identifier: ISC */
/* rig.c - setting up a spool for a test, sending to it, and reading all of it back. */
#include "config.h"

#include "rig.h"

#include <check.h>
#include <dirent.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "spool/outcomes.h"
#include "tree.h"

enum { ANSWER_MS = 20000 };

static void
open_spool(struct rig *rig, uint64_t segment_size)
{
	uint64_t last;

	memset(rig->board, 0, sizeof *rig->board);
	ck_assert_int_eq(spool_last_segment(rig->path, &last), 0);
	rig->board->next_segment = last + 1;
	rig->spool = spool_open(rig->path, rig->board);
	ck_assert_ptr_nonnull(rig->spool);
	rig->spool->disk = &rig_disk;
	rig->spool->segment_size = segment_size;
	rig->spool->inline_budget = 0;
	rig->spool->counters = &rig->counters;
}

void
rig_open(struct rig *rig, uint64_t segment_size)
{
	const char *why = NULL;

	memset(rig, 0, sizeof *rig);
	snprintf(rig->path, sizeof rig->path, "./spool-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(rig->path));
	rig->lock = spool_lock(rig->path, getuid(), getgid(), &why);
	ck_assert_msg(rig->lock >= 0, "%s", why);
	rig->board = mmap(
	    NULL, sizeof *rig->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(rig->board, MAP_FAILED);
	rig->base = event_base_new();
	open_spool(rig, segment_size);
}

void
rig_close(struct rig *rig)
{
	rig_mend();
	rig_writer_free(rig);
	spool_close(&rig->spool);
	event_base_free(rig->base);
	munmap(rig->board, sizeof *rig->board);
	close(rig->lock);
	tree_remove(rig->path);
}

void
rig_restart(struct rig *rig)
{
	uint64_t segment_size = rig->spool->segment_size;

	ck_assert_ptr_null(rig->writer);
	spool_close(&rig->spool);
	open_spool(rig, segment_size);
}

void
rig_writer(struct rig *rig)
{
	rig->writer = spool_writer_new(rig->spool, rig->base, -1, &rig->counters);
	ck_assert_ptr_nonnull(rig->writer);
}

void
rig_writer_free(struct rig *rig)
{
	spool_writer_free(&rig->writer);
}

unsigned char
rig_octet(uint64_t id, size_t i)
{
	return (unsigned char)(' ' + (id * 31 + i * 7 + i / 97) % 90);
}

void
rig_fill(uint64_t id, char *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (char)rig_octet(id, i);
}

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	struct sent *sent = ctx;

	ck_assert_int_eq(sent->error, -1);
	sent->error = error;
	sent->place = *place;
}

void
rig_send(struct rig *rig, uint64_t id, size_t size, struct sent *sent)
{
	*sent = (struct sent){ .id = id, .error = -1 };
	rig_send_to(rig, id, size, on_commit, sent);
}

void
rig_send_to(struct rig *rig, uint64_t id, size_t size, spool_commit_fn *fn, void *ctx)
{
	char *rcpt = (char[]){ "to@example.com" };
	const struct envelope envelope = {
		.id = id,
		.received_ms = 1700000000000,
		.client = (char[]){ "127.0.0.1:40000" },
		.helo = (char[]){ "app" },
		.listener = (char[]){ "local" },
		.from = (char[]){ "from@example.com" },
		.rcpt = &rcpt,
		.nrcpt = 1,
	};
	struct spool_message *message = spool_message_begin(rig->writer, id);
	struct evbuffer *content = evbuffer_new();
	char *text = malloc(size + 1);

	rig_fill(id, text, size);
	/* In pieces, as they would come from a socket. */
	for (size_t done = 0; done < size;) {
		size_t piece = size - done < 3000 ? size - done : 3000;

		evbuffer_add(content, text + done, piece);
		if (spool_message_append(message, content) < 0)
			evbuffer_drain(content, evbuffer_get_length(content));
		done += piece;
	}
	free(text);
	evbuffer_free(content);
	spool_message_commit(message, &envelope, fn, ctx);
}

void
rig_wait(struct rig *rig, const struct sent *sent, size_t count)
{
	int64_t until = clock_mono_ms() + ANSWER_MS;

	for (size_t i = 0; i < count; i++)
		while (sent[i].error == -1) {
			ck_assert_msg(clock_mono_ms() < until, "no answer for message %zu", i);
			event_base_loop(rig->base, EVLOOP_ONCE);
		}
}

int
rig_put(struct rig *rig, uint64_t id, size_t size)
{
	struct sent sent;

	rig_send(rig, id, size, &sent);
	rig_wait(rig, &sent, 1);
	return sent.error;
}

static uint32_t found_reach;
static const struct spool *found_spool;

void
rig_tell_reach(uint32_t reach)
{
	found_reach = reach;
}

static void
keep_reach(void *ctx, const struct outcome *outcome)
{
	uint32_t *reach = ctx;

	if (outcome->offset > *reach)
		*reach = outcome->offset;
}

static int
on_segment(void *ctx, uint64_t segment, uint32_t *reach)
{
	struct found *found = ctx;

	found->segments++;
	if (found_reach == RIG_REACH_READ)
		return outcomes_read(found_spool, segment, keep_reach, reach);
	*reach = found_reach;
	return 0;
}

static void
on_sealed(void *ctx, uint64_t segment, uint32_t size)
{
	struct found *found = ctx;

	(void)size;
	found->sealed++;
	found->last_sealed = segment;
}

bool
rig_check(struct rig *rig, const struct spool_record *record)
{
	struct evbuffer *content = evbuffer_new();
	uint64_t len = 0;
	int fd = -1;
	int result = spool_read_content(rig->spool, &record->place, content, &fd, &len);

	ck_assert_int_ge(result, 0);
	if (result == 0) {
		ck_assert_uint_eq(len, record->content_len);
		if (fd >= 0) {
			while (evbuffer_read(content, fd, 65536) > 0)
				;
			close(fd);
		}
		ck_assert_uint_eq(evbuffer_get_length(content), len);

		const unsigned char *text = evbuffer_pullup(content, -1);

		for (size_t i = 0; i < len; i++)
			if (text[i] != rig_octet(record->id, i))
				ck_abort_msg("octet %zu of %" PRIu64 " is wrong", i, record->id);
	}
	evbuffer_free(content);
	return result == 0;
}

void
rig_read(struct rig *rig, struct found *found)
{
	static const struct spool_reader_events events = { on_segment, on_sealed };
	struct spool_reader *reader = spool_reader_new(rig->spool, &rig->counters);
	enum spool_next next;

	memset(found, 0, sizeof *found);
	found_spool = rig->spool;
	spool_reader_on(reader, &events, found);
	for (;;) {
		struct spool_record record;

		next = spool_reader_next(reader, &record);
		if (next != SPOOL_NEXT_RECORD)
			break;
		ck_assert_uint_eq(record.envelope->id, record.id);
		ck_assert_str_eq(record.envelope->rcpt[0], "to@example.com");
		envelope_free(&record.envelope);
		if (!rig_check(rig, &record)) {
			found->damaged++;
			continue;
		}
		ck_assert_uint_lt(found->count, sizeof found->record / sizeof *found->record);
		found->record[found->count++] = record;
	}
	ck_assert_int_eq(next, SPOOL_NEXT_WAIT);
	spool_reader_free(&reader);
}

size_t
rig_times(const struct found *found, uint64_t id)
{
	size_t times = 0;

	for (size_t i = 0; i < found->count; i++)
		if (found->record[i].id == id)
			times++;
	return times;
}

bool
rig_has(const struct found *found, uint64_t id)
{
	return rig_times(found, id) > 0;
}

const char *
rig_file(const struct rig *rig, const char *dir, uint64_t segment, const char *suffix)
{
	static char path[160];

	snprintf(path, sizeof path, "%s/%s/%016" PRIx64 ".%s", rig->path, dir, segment, suffix);
	return path;
}

int64_t
rig_written(const struct rig *rig, uint64_t segment)
{
	int fd = open(rig_file(rig, "log", segment, "seg"), O_RDONLY);
	off_t hole = lseek(fd, 0, SEEK_HOLE);

	ck_assert_int_ge(hole, 0);
	close(fd);
	return hole;
}

const char *
rig_large_file(const struct rig *rig, uint64_t id)
{
	static char path[160];
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	snprintf(path, sizeof path, "%s/large/%s.msg", rig->path, text);
	return path;
}

unsigned
rig_count(const struct rig *rig, const char *dir, const char *suffix)
{
	char path[128];
	unsigned count = 0;

	snprintf(path, sizeof path, "%s/%s", rig->path, dir);

	DIR *stream = opendir(path);
	struct dirent *entry;

	ck_assert_ptr_nonnull(stream);
	while ((entry = readdir(stream)) != NULL) {
		size_t len = strlen(entry->d_name), end = strlen(suffix);

		if (len >= end && strcmp(entry->d_name + len - end, suffix) == 0)
			count++;
	}
	closedir(stream);
	return count;
}
