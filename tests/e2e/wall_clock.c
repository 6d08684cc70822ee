/* SPDX-License-Identifier: ISC */
/*
 * wall_clock.c - a wall clock that a test can set, to be preloaded: the file WALL_CLOCK holds by
 * how many milliseconds it is off.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static const volatile int64_t *off_ms;

__attribute__((constructor)) static void
begin(void)
{
	int fd = open(getenv("WALL_CLOCK"), O_RDONLY | O_CLOEXEC);
	void *map = mmap(NULL, sizeof *off_ms, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		abort();
	off_ms = map;
}

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	int (*get)(clockid_t, struct timespec *);
	void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
	int result;

	memcpy(&get, &symbol, sizeof get);
	result = get(clock, out);
	if (result == 0 && clock == CLOCK_REALTIME && off_ms != NULL)
		out->tv_sec += *off_ms / 1000;
	return result;
}
