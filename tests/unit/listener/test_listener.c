/* SPDX-License-Identifier: ISC */
/* test_listener.c - who is let in, what is kept, how all are seen off. */
#include "unit.h"

#include <errno.h>
#include <event2/buffer.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "house.h"
#include "listener/listener.h"

/* In memory, at the limit between memory and file, in a file. */
static const size_t sizes[] = { 0, 1, 1000, 8192, 65536 - 200, 65536, 65537, 200000, 1000000 };

START_TEST(test_content_is_kept)
{
	static const char header[] = "Date: x\r\nMessage-ID: y\r\n\r\n";
	size_t size = sizes[_i];
	char *body = malloc(size + 3);
	struct evbuffer *kept = evbuffer_new();
	struct house house;
	struct guest guest;

	for (size_t i = 0; i < size; i++)
		body[i] = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : (char)('a' + i % 23);
	if (size > 0 && body[size - 1] == '\r')
		body[size - 1] = 'x';
	house_setup(&house);
	house_open(&house);
	guest_come(&house, &guest);
	guest_say_hello(&guest);
	guest_say_envelope(&guest);
	guest_say(&guest, header, sizeof header - 1);
	guest_say(&guest, body, size);
	guest_say(&guest, "\r\n.\r\n", 5);
	guest_hear_code(&guest, "250 2.0.0 Ok: queued as ");
	ck_assert_uint_eq(house_read_spool(&house, kept), 1);

	memcpy(body + size, "\r\n", 3);

	size_t len = sizeof header - 1 + size + 2, kept_len = evbuffer_get_length(kept);
	char *text = (char *)evbuffer_pullup(kept, -1);

	ck_assert_uint_gt(kept_len, len);
	ck_assert_int_eq(strncmp(text, "Received: from app ([127.0.0.1])\r\n", 34), 0);
	ck_assert_int_eq(memcmp(text + kept_len - size - 2, body, size + 2), 0);
	ck_assert_int_eq(memcmp(text + kept_len - len, header, sizeof header - 1), 0);
	guest_go(&guest);
	house_close(&house);
	evbuffer_free(kept);
	free(body);
}
END_TEST

START_TEST(test_many_at_once)
{
	enum { GUESTS = 20, EACH = 10 };
	static const char message[] = GUEST_ENVELOPE "Subject: x\r\n\r\nHello\r\n.\r\n";
	struct evbuffer *kept = evbuffer_new();
	struct guest guests[GUESTS];
	struct house house;

	house_setup(&house);
	house_open(&house);
	/* A sync that takes its time, so that the others gather meanwhile. */
	rig_slow(2);
	for (int i = 0; i < GUESTS; i++)
		guest_come(&house, &guests[i]);
	for (int i = 0; i < GUESTS; i++) {
		guest_say(&guests[i], "HELO app\r\n", 10);
		for (int j = 0; j < EACH; j++)
			guest_say(&guests[i], message, sizeof message - 1);
		guest_say(&guests[i], "QUIT\r\n", 6);
	}
	for (int i = 0; i < GUESTS; i++) {
		guest_hear(&guests[i], 2);
		for (int j = 0; j < EACH; j++) {
			guest_hear(&guests[i], 3);
			guest_hear_code(&guests[i], "250 2.0.0 Ok: queued as ");
		}
		guest_hear_code(&guests[i], "221 ");
		guest_hear_end(&guests[i]);
		guest_go(&guests[i]);
	}
	ck_assert_uint_eq(house_read_spool(&house, kept), GUESTS * EACH);
	ck_assert_uint_eq(counter_get(&house.rig.counters.accepted_messages), GUESTS * EACH);
	ck_assert_uint_eq(counter_get(&house.rig.counters.clients), 0);
	ck_assert_uint_lt(counter_get(&house.rig.counters.spool_groups), GUESTS * EACH);
	rig_slow(0);
	house_close(&house);
	evbuffer_free(kept);
}
END_TEST

/* What the disk does is told with 452, and passes. */
static const struct {
	enum disk_call call;
	int error;
	size_t size;
} troubles[] = {
	{ CALL_FDATASYNC, EIO, 100 },
	{ CALL_PWRITEV, ENOSPC, 100 },
	{ CALL_PWRITEV, EDQUOT, 100 },
	{ CALL_PWRITEV, ENOSPC, 500000 },
	{ CALL_FDATASYNC, EIO, 500000 },
};

START_TEST(test_disk_trouble)
{
	size_t size = troubles[_i].size;
	char *body = malloc(size);
	struct evbuffer *kept = evbuffer_new();
	struct house house;
	struct guest guest;

	memset(body, 'x', size);
	house_setup(&house);
	house_open(&house);
	guest_come(&house, &guest);
	guest_say_hello(&guest);
	rig_break(troubles[_i].call, 0, 1000, troubles[_i].error);
	guest_say_envelope(&guest);
	guest_say(&guest, body, size);
	guest_say(&guest, "\r\n.\r\n", 5);
	guest_hear_code(&guest, "452 4.3.1 ");
	rig_mend();
	guest_say_envelope(&guest);
	guest_say(&guest, body, size);
	guest_say(&guest, "\r\n.\r\n", 5);
	guest_hear_code(&guest, "250 2.0.0 ");
	ck_assert_uint_eq(house_read_spool(&house, kept), 1);
	ck_assert_uint_eq(counter_get(&house.rig.counters.spool_failures), 1);
	guest_go(&guest);
	house_close(&house);
	evbuffer_free(kept);
	free(body);
}
END_TEST

static void
set_connections(struct config_limits *limits)
{
	limits->connections = 2;
}

static void
set_connections_per_client(struct config_limits *limits)
{
	limits->connections_per_client = 2;
}

static const struct {
	void (*set)(struct config_limits *limits);
	const char *reply;
} limits_[] = {
	{ set_connections, "421 4.7.0 relay.example.com too many connections\r\n" },
	{ set_connections_per_client,
	    "421 4.7.0 relay.example.com too many connections from your address\r\n" },
};

START_TEST(test_limit_of_connections)
{
	struct guest guests[3];
	struct house house;

	house_setup(&house);
	limits_[_i].set(&house.config.limits);
	house_open(&house);
	for (int i = 0; i < 2; i++) {
		guest_come(&house, &guests[i]);
		guest_say_hello(&guests[i]);
	}
	ck_assert_uint_eq(counter_get(&house.rig.counters.clients), 2);
	guest_come(&house, &guests[2]);
	guest_hear(&guests[2], 1);
	ck_assert_str_eq(guests[2].heard.data, limits_[_i].reply);
	guest_hear_end(&guests[2]);
	guest_go(&guests[2]);
	ck_assert_uint_eq(counter_get(&house.rig.counters.sessions_refused), 1);
	guest_say(&guests[0], "QUIT\r\n", 6);
	guest_hear_code(&guests[0], "221 ");
	guest_come(&house, &guests[2]);
	guest_say_hello(&guests[2]);
	ck_assert_uint_eq(counter_get(&house.rig.counters.sessions), 3);
	for (int i = 0; i < 3; i++)
		guest_go(&guests[i]);
	house_close(&house);
}
END_TEST

/* The longest silence yields, but not before a second, and not within a transaction. */
START_TEST(test_idle_guests_starve_nobody)
{
	struct guest busy, first, second, late;
	struct house house;
	int64_t until;

	house_setup(&house);
	house.config.limits.connections = 3;
	house.config.limits.idle_ms = 30000;
	house_open(&house);
	guest_come(&house, &busy);
	guest_say_hello(&busy);
	guest_say_envelope(&busy);
	guest_come(&house, &first);
	guest_say_hello(&first);
	for (until = clock_mono_ms() + 20; clock_mono_ms() < until;)
		house_turn(&house);
	guest_come(&house, &second);
	guest_say_hello(&second);
	guest_come(&house, &late);
	guest_hear_code(&late, "421 4.7.0 ");
	guest_go(&late);
	for (until = clock_mono_ms() + 1100; clock_mono_ms() < until;)
		house_turn(&house);
	guest_come(&house, &late);
	guest_hear_code(&late, "220 ");
	guest_hear_code(&first, "421 4.3.2 relay.example.com others wait for your place");
	guest_hear_end(&first);
	guest_say(&busy, "x\r\n.\r\n", 6);
	guest_hear_code(&busy, "250 2.0.0 ");
	guest_say(&second, "NOOP\r\n", 6);
	guest_hear_code(&second, "250 2.0.0 ");
	guest_go(&busy);
	guest_go(&first);
	guest_go(&second);
	guest_go(&late);
	house_close(&house);
}
END_TEST

/* Plain words would be garbage to it. */
START_TEST(test_tls_clients_are_turned_away_without_a_word)
{
	struct guest guest;
	struct house house;

	house_setup(&house);
	house.config.limits.connections = 0;
	house.listen.tls = TLS_IMPLICIT;
	house_open(&house);
	guest_come(&house, &guest);
	guest_hear_end(&guest);
	ck_assert_uint_eq(counter_get(&house.rig.counters.sessions_refused), 1);
	guest_go(&guest);
	house_close(&house);
}
END_TEST

/* Whether the server has closed, and not only its side: it refuses to hear more. */
static bool
is_reset(struct house *house, struct guest *guest)
{
	for (int i = 0; i < 3; i++) {
		if (send(guest->fd, "x", 1, MSG_NOSIGNAL) < 0)
			return true;
		house_turn(house);
	}
	return false;
}

/* They count to no limit any more, so there must be one for them. */
START_TEST(test_few_linger_that_do_not_leave)
{
	enum { GUESTS = 9 };
	struct guest guests[GUESTS];
	struct house house;
	int resets = 0;

	house_setup(&house);
	house.config.limits.connections = 8;
	house_open(&house);
	for (int i = 0; i < GUESTS; i++) {
		guest_come(&house, &guests[i]);
		guest_hear_code(&guests[i], "220 ");
		guest_say(&guests[i], "QUIT\r\n", 6);
		guest_hear_code(&guests[i], "221 ");
		guest_hear_end(&guests[i]);
	}
	for (int i = 0; i < GUESTS; i++)
		resets += is_reset(&house, &guests[i]);
	ck_assert_int_ge(resets, GUESTS - 6); /* three of each second */
	ck_assert_int_lt(resets, GUESTS);
	for (int i = 0; i < GUESTS; i++)
		guest_go(&guests[i]);
	house_close(&house);
}
END_TEST

static void
on_done(void *ctx)
{
	((struct house *)ctx)->done++;
}

static void
wait_until_done(struct house *house)
{
	int64_t until = clock_mono_ms() + HOUSE_LIMIT_MS;

	while (house->done == 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		house_turn(house);
	}
	for (int i = 0; i < 10; i++)
		house_turn(house);
	ck_assert_int_eq(house->done, 1);
}

START_TEST(test_drain_an_empty_house)
{
	struct house house;

	house_setup(&house);
	house_open(&house);
	listener_drain(house.listener, LISTENER_STOP, on_done, &house);
	ck_assert_int_eq(house.done, 0); /* not from within */
	wait_until_done(&house);
	house_close(&house);
}
END_TEST

START_TEST(test_stop)
{
	struct house house;
	struct guest idle, busy;

	house_setup(&house);
	house_open(&house);
	guest_come(&house, &idle);
	guest_come(&house, &busy);
	guest_say_hello(&idle);
	guest_say_hello(&busy);
	guest_say_envelope(&busy);
	listener_drain(house.listener, LISTENER_STOP, on_done, &house);
	guest_hear_code(&idle, "421 4.3.2 relay.example.com shutting down");
	guest_hear_end(&idle);
	ck_assert_int_eq(house.done, 0);
	guest_say(&busy, "x\r\n.\r\n", 6);
	guest_hear_code(&busy, "250 2.0.0 ");
	guest_hear_code(&busy, "421 4.3.2 ");
	guest_hear_end(&busy);
	wait_until_done(&house);
	guest_go(&idle);
	guest_go(&busy);
	house_close(&house);
}
END_TEST

START_TEST(test_reload)
{
	struct house house;
	struct guest guest, late;

	house_setup(&house);
	house_open(&house);
	guest_come(&house, &guest);
	guest_say_hello(&guest);
	listener_drain(house.listener, LISTENER_RELOAD, on_done, &house);
	guest_come(&house, &late); /* waits for the next generation */
	guest_say_envelope(&guest);
	guest_say(&guest, "x\r\n.\r\nQUIT\r\n", 12);
	guest_hear_code(&guest, "250 2.0.0 ");
	guest_hear_code(&guest, "221 ");
	wait_until_done(&house);
	ck_assert_int_eq(recv(late.fd, &(char){ 0 }, 1, 0), -1);
	listener_free(&house.listener);
	house_open(&house);
	guest_say_hello(&late);
	guest_go(&guest);
	guest_go(&late);
	house_close(&house);
}
END_TEST

/* An impatient owner frees it with sessions in every state. */
START_TEST(test_free_with_guests)
{
	struct house house;
	struct guest idle, busy, committing;

	house_setup(&house);
	rig_slow(50);
	house_open(&house);
	guest_come(&house, &idle);
	guest_come(&house, &busy);
	guest_come(&house, &committing);
	guest_say_hello(&idle);
	guest_say_hello(&busy);
	guest_say_hello(&committing);
	guest_say_envelope(&busy);
	guest_say_envelope(&committing);
	guest_say(&committing, "x\r\n.\r\n", 6);
	house_turn(&house);
	house_close(&house);
	guest_go(&idle);
	guest_go(&busy);
	guest_go(&committing);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *content = tcase_create("content");
	TCase *trouble = tcase_create("trouble");

	tcase_add_loop_test(content, test_content_is_kept, 0, (int)(sizeof sizes / sizeof *sizes));
	tcase_add_test(content, test_many_at_once);
	suite_add_tcase(suite, content);
	tcase_add_loop_test(
	    trouble, test_disk_trouble, 0, (int)(sizeof troubles / sizeof *troubles));
	tcase_add_loop_test(
	    trouble, test_limit_of_connections, 0, (int)(sizeof limits_ / sizeof *limits_));
	tcase_add_test(trouble, test_idle_guests_starve_nobody);
	tcase_add_test(trouble, test_tls_clients_are_turned_away_without_a_word);
	tcase_add_test(trouble, test_few_linger_that_do_not_leave);
	suite_add_tcase(suite, trouble);
	add_tests(suite, "drain", test_drain_an_empty_house, test_stop, test_reload,
	    test_free_with_guests);
}

UNIT_MAIN("listener/listener")
