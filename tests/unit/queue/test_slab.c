/* SPDX-License-Identifier: ISC */
/* test_slab.c - numbered objects: zeroed, distinct, where they were, given back. */
#include "queue/slab.h"

#include <string.h>
#include <sys/mman.h>

#include "unit.h"

enum { MANY = SLAB_OBJECTS * 3 };

struct object {
	uint64_t value[3];
};

static struct object *
object_at(const struct slabs *slabs, uint32_t number)
{
	return slabs_at(slabs, number);
}

static void
fill(struct slabs *slabs, uint32_t number[MANY])
{
	slabs_init(slabs, sizeof(struct object));
	for (uint32_t i = 0; i < MANY; i++) {
		number[i] = slabs_take(slabs);
		ck_assert_uint_ne(number[i], 0);
		object_at(slabs, number[i])->value[0] = i;
		object_at(slabs, number[i])->value[2] = i;
	}
}

START_TEST(objects_do_not_overlap)
{
	static uint32_t number[MANY];
	struct slabs slabs;

	fill(&slabs, number);
	for (uint32_t i = 0; i < MANY; i++) {
		ck_assert_uint_eq(object_at(&slabs, number[i])->value[0], i);
		ck_assert_uint_eq(object_at(&slabs, number[i])->value[2], i);
	}
	slabs_free(&slabs);
}
END_TEST

START_TEST(slots_are_used_again_and_are_zeroed)
{
	static const struct object zero;
	static uint32_t number[MANY];
	struct slabs slabs;

	fill(&slabs, number);

	uint32_t count = slabs.count;

	for (uint32_t i = 0; i < MANY; i += 2)
		slabs_give(&slabs, number[i]);
	for (uint32_t i = 0; i < MANY; i += 2) {
		number[i] = slabs_take(&slabs);
		ck_assert_mem_eq(object_at(&slabs, number[i]), &zero, sizeof zero);
		object_at(&slabs, number[i])->value[0] = i;
	}
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(object_at(&slabs, number[i])->value[0], i);
	ck_assert_uint_eq(slabs.count, count);
	slabs_free(&slabs);
}
END_TEST

START_TEST(empty_slabs_are_given_back)
{
	static uint32_t number[MANY];
	struct slabs slabs;

	fill(&slabs, number);

	void *data = slabs.slab[1].data;

	for (uint32_t i = 0; i < MANY; i++)
		if (number[i] / SLAB_OBJECTS == 1)
			slabs_give(&slabs, number[i]);
	ck_assert_ptr_null(slabs.slab[1].data);
	ck_assert_ptr_nonnull(slabs.slab[2].data);
	ck_assert_int_eq(mincore(data, 1, (unsigned char[1]){ 0 }), -1); /* by free(), it stays */

	uint32_t again = slabs_take(&slabs);

	ck_assert_uint_eq(again / SLAB_OBJECTS, 1);
	slabs_free(&slabs);
}
END_TEST

START_TEST(number_0_is_never_given)
{
	struct slabs slabs;

	slabs_init(&slabs, sizeof(struct object));
	for (uint32_t i = 0; i < 10; i++) {
		uint32_t number = slabs_take(&slabs);

		ck_assert_uint_ne(number, 0);
		slabs_give(&slabs, number);
	}
	ck_assert_ptr_nonnull(slabs.slab[0].data);
	slabs_free(&slabs);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "slab", objects_do_not_overlap, slots_are_used_again_and_are_zeroed,
	    empty_slabs_are_given_back, number_0_is_never_given);
}

UNIT_MAIN("slab")
