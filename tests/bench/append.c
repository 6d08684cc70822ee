/* SPDX-License-Identifier: ISC */
/*
 * append.c - postern-append: how fast the disk takes durable appends over blocks written before,
 * as a segment's are: GROUP messages of SIZE octets in one write, then one fdatasync, for as long
 * as asked. JSON on stdout.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/xalloc.h"

enum { BAD_USAGE = 2, ROOM = 64 << 20, PIECE = 1 << 20 };

struct probe {
	int fd;
	char *data;
	uint64_t size;
	uint64_t group;
	uint64_t time_ms;
};

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
write_all(int fd, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n < 0)
			err(EXIT_FAILURE, "write");
		data += n;
		len -= (size_t)n;
		at += n;
	}
}

/* Blocks that were written before: no sync after this waits for the journal. */
static void
prepare(struct probe *p)
{
	for (off_t at = 0; at < ROOM; at += PIECE)
		write_all(p->fd, p->data, PIECE, at);
	if (fsync(p->fd) < 0)
		err(EXIT_FAILURE, "fsync");
}

static void
measure(struct probe *p)
{
	size_t len = (size_t)(p->size * p->group);
	uint64_t begin = now_us(), end, groups = 0;
	off_t at = 0;

	do {
		if (at + (off_t)len > ROOM)
			at = 0;
		write_all(p->fd, p->data, len, at);
		if (fdatasync(p->fd) < 0)
			err(EXIT_FAILURE, "fdatasync");
		at += (off_t)len;
		groups++;
		end = now_us();
	} while (end - begin < p->time_ms * 1000);

	double seconds = (double)(end - begin) / 1e6;

	printf("{\"syncs\": %.1f, \"messages\": %.1f, \"octets\": %.0f}\n",
	    (double)groups / seconds, (double)(groups * p->group) / seconds,
	    (double)(groups * len) / seconds);
}

int
main(int argc, char **argv)
{
	struct probe p = { .fd = -1 };

	if (argc != 5 || parse_size(argv[2], &p.size) != 0 ||
	    parse_number(argv[3], 1, 10000, &p.group) != 0 ||
	    parse_duration(argv[4], &p.time_ms) != 0 || p.size == 0 || p.size > ROOM / p.group)
		errx(BAD_USAGE,
		    "usage: postern-append FILE SIZE GROUP DURATION (64M a group at most)");
	p.fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (p.fd < 0)
		err(EXIT_FAILURE, "%s", argv[1]);
	p.data = xcalloc(1, ROOM);
	memset(p.data, 'x', ROOM);
	prepare(&p);
	measure(&p);
	free(p.data);
	close(p.fd);
	unlink(argv[1]);
	return EXIT_SUCCESS;
}
