/* SPDX-License-Identifier: ISC */
/*
 * fuzz.h - what the fuzz targets have in common.
 * A target's first octet chooses how the rest is used; must() is assert() that no option turns off.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define must(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
