/* SPDX-License-Identifier: ISC */
/* crc32c.h - CRC-32C (Castagnoli, RFC 3720 B.4), by the CPU's instruction where it has one. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Extend crc (0 to begin) over len bytes; chunks give the same result as the whole. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/* The same without the CPU's instruction: what other machines run, and what tests compare with. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len);

#endif
