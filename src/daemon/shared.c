/* SPDX-License-Identifier: ISC */
/* shared.c - the one page that all processes share. */
#include "daemon/shared.h"

#include <sys/mman.h>

struct shared *
shared_new(void)
{
	void *page = mmap(
	    NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}
