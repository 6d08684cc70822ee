/* SPDX-License-Identifier: ISC */
/* test_clients.c - sessions are counted by address. */
#include "address.h"
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "listener/clients.h"

static struct client *
enter(struct clients *clients, const char *text)
{
	struct sockaddr_storage address = address_of(text);

	return clients_enter(clients, (struct sockaddr *)&address, 2);
}

static const struct {
	const char *one, *other;
	bool same;
} pairs[] = {
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.1", "::ffff:192.0.2.1", true },
	{ "2001:db8::1", "2001:db8::1", true },
	{ "2001:db8::1", "2001:db8::2", false },
	{ "0.0.0.0", "::", false },
};

START_TEST(test_who_is_the_same)
{
	struct clients *clients = clients_new();

	ck_assert_ptr_nonnull(enter(clients, pairs[_i].one));
	ck_assert_ptr_nonnull(enter(clients, pairs[_i].one));
	ck_assert_int_eq(enter(clients, pairs[_i].other) == NULL, pairs[_i].same);
	if (pairs[_i].same)
		ck_assert_int_eq(errno, EAGAIN);
	clients_free(&clients);
	ck_assert_ptr_null(clients);
}
END_TEST

START_TEST(test_who_leaves_makes_room)
{
	struct clients *clients = clients_new();
	struct client *first = enter(clients, "192.0.2.1");
	struct client *second = enter(clients, "192.0.2.1");

	ck_assert_ptr_null(enter(clients, "192.0.2.1"));
	clients_leave(&first);
	ck_assert_ptr_null(first);
	first = enter(clients, "192.0.2.1");
	ck_assert_ptr_nonnull(first);
	clients_leave(&first);
	clients_leave(&second);
	clients_free(&clients);
}
END_TEST

START_TEST(test_many_clients)
{
	enum { MANY = 5000 };
	static struct client *entered[MANY];
	struct clients *clients = clients_new();

	for (int i = 0; i < MANY; i++) {
		char text[32];

		snprintf(text, sizeof text, "10.0.%d.%d", i / 256, i % 256);
		entered[i] = enter(clients, text);
		ck_assert_ptr_nonnull(entered[i]);
	}
	for (int i = 0; i < MANY; i++)
		clients_leave(&entered[i]);
	clients_free(&clients);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("addresses");

	tcase_add_loop_test(table, test_who_is_the_same, 0, (int)(sizeof pairs / sizeof *pairs));
	suite_add_tcase(suite, table);
	add_tests(suite, "counts", test_who_leaves_makes_room, test_many_clients);
}

UNIT_MAIN("listener/clients")
