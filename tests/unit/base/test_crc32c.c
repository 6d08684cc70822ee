/* SPDX-License-Identifier: ISC */
/* test_crc32c.c - RFC 3720 B.4's vectors, by the CPU's instruction and without. */
#include "base/crc32c.h"

#include <string.h>

#include "unit.h"

typedef uint32_t crc_fn(uint32_t crc, const void *data, size_t len);

static crc_fn *const paths[] = { crc32c, crc32c_portable };

START_TEST(vectors_of_rfc3720)
{
	static const unsigned char scsi_read[48] = {
		0x01,
		0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02
	};
	unsigned char zeros[32] = { 0 }, ones[32], up[32], down[32];

	memset(ones, 0xff, sizeof ones);
	for (unsigned i = 0; i < 32; i++) {
		up[i] = (unsigned char)i;
		down[i] = (unsigned char)(31 - i);
	}
	ck_assert_uint_eq(paths[_i](0, zeros, 32), 0x8a9136aa);
	ck_assert_uint_eq(paths[_i](0, ones, 32), 0x62a8ab43);
	ck_assert_uint_eq(paths[_i](0, up, 32), 0x46dd794e);
	ck_assert_uint_eq(paths[_i](0, down, 32), 0x113fdb5c);
	ck_assert_uint_eq(paths[_i](0, scsi_read, 48), 0xd9963a56);
	ck_assert_uint_eq(paths[_i](0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(paths[_i](0, "", 0), 0);
}
END_TEST

START_TEST(chunks_equal_the_whole)
{
	unsigned char data[257];

	for (unsigned i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * 151 + 7);
	for (size_t cut = 0; cut <= sizeof data; cut++) {
		uint32_t crc = paths[_i](0, data, cut);

		ck_assert_uint_eq(
		    paths[_i](crc, data + cut, sizeof data - cut), paths[_i](0, data, sizeof data));
	}
}
END_TEST

START_TEST(both_paths_agree_at_any_alignment)
{
	unsigned char data[80];

	for (unsigned i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * 89 + 1);
	for (size_t from = 0; from < 8; from++)
		for (size_t len = 0; len <= sizeof data - from; len++)
			ck_assert_uint_eq(
			    crc32c(1, data + from, len), crc32c_portable(1, data + from, len));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *each = tcase_create("each path");

	tcase_add_loop_test(each, vectors_of_rfc3720, 0, 2);
	tcase_add_loop_test(each, chunks_equal_the_whole, 0, 2);
	suite_add_tcase(suite, each);
	add_tests(suite, "both paths", both_paths_agree_at_any_alignment);
}

UNIT_MAIN("base/crc32c")
