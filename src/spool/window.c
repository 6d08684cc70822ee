/* SPDX-License-Identifier: ISC */
/* window.c - read ahead as much as the caller thinks worth it; grow for a big envelope, and shrink
 * again. */
#include "config.h"

#include "spool/window.h"

#include <errno.h>
#include <stdlib.h>

#include "spool/disk.h"

enum { KEEP_MAX = 256 * 1024 };

struct window {
	const struct disk_ops *disk;
	unsigned char *data;
	size_t size;
	int fd;
	uint32_t start;
	size_t len;
};

struct window *
window_new(const struct disk_ops *disk)
{
	struct window *window = calloc(1, sizeof *window);

	if (window != NULL)
		*window = (struct window){ .disk = disk, .fd = -1 };
	return window;
}

void
window_free(struct window **window)
{
	if (*window == NULL)
		return;
	free((*window)->data);
	free(*window);
	*window = NULL;
}

void
window_reset(struct window *window)
{
	window->fd = -1;
	window->len = 0;
	if (window->size > KEEP_MAX) {
		free(window->data);
		window->data = NULL;
		window->size = 0;
	}
}

static int
make_room(struct window *window, size_t size)
{
	if (size <= window->size)
		return 0;

	unsigned char *data = realloc(window->data, size);

	if (data == NULL)
		return -1;
	window->data = data;
	window->size = size;
	return 0;
}

/* Fill from offset on with at least len octets if the file has them: 0, or -1 and errno. */
static int
fill(struct window *window, int fd, uint32_t offset, size_t len, size_t want)
{
	if (make_room(window, want) < 0)
		return -1;
	window->fd = fd;
	window->start = offset;
	window->len = 0;
	while (window->len < len) {
		ssize_t n = window->disk->pread(fd, window->data + window->len, want - window->len,
		    (off_t)(offset + window->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* Some file systems have other words for it, such as EUCLEAN. */
			errno = disk_is_short(errno) ? errno : EIO;
			return -1;
		}
		if (n == 0)
			break;
		window->len += (size_t)n;
	}
	return 0;
}

const unsigned char *
window_at(struct window *window, int fd, uint32_t offset, size_t len, uint32_t limit, size_t ahead)
{
	if (fd != window->fd || offset < window->start ||
	    offset + len > window->start + window->len) {
		size_t want = len > ahead ? len : ahead;

		if (offset + want > limit)
			want = limit > offset ? limit - offset : 0;
		if (want < len) {
			errno = 0;
			return NULL;
		}
		if (fill(window, fd, offset, len, want) < 0) {
			window->len = 0;
			return NULL;
		}
	}
	errno = 0;
	return offset + len <= window->start + window->len ? window->data + (offset - window->start)
							   : NULL;
}
