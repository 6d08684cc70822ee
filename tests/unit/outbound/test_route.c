/* SPDX-License-Identifier: ISC */
/* test_route.c - tables of routes and addresses: which way each recipient goes. */
#include "outbound/route.h"

#include <string.h>

#include "config/config.h"
#include "outbound/delivery.h"
#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/reader.h"
#include "unit.h"

#define LIST(...)                                                                             \
	{                                                                                     \
		(char *[]){ __VA_ARGS__ }, sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) \
	}

static struct config_route rows[] = {
	{ .name = "bounces", .from = LIST("<>"), .priority = { true, -5 } },
	{ .name = "urgent", .from = LIST("reset@app.example"), .to = LIST("*") },
	{ .name = "partner", .to = LIST("partner.example", "*.partner.example") },
	{ .name = "lan", .listen = LIST("lan", "vpn"), .priority = { true, 7 } },
	{ .name = "news", .from = LIST("*@news.example"), .listen = LIST("local") },
	{ .name = "rest" },
};
enum { BOUNCES, URGENT, PARTNER, LAN, NEWS, REST, NROUTE };

static const struct config config = { .route = rows, .nroute = NROUTE };

static struct envelope
envelope_of(const char *listener, const char *from)
{
	return (struct envelope){ .listener = (char *)listener, .from = (char *)from };
}

START_TEST(the_first_that_matches_counts)
{
	static const struct {
		const char *listener, *from, *to;
		size_t route;
	} cases[] = {
		{ "", "", "a@partner.example", BOUNCES },
		{ "local", "Reset@App.Example", "a@partner.example", URGENT },
		{ "local", "a@app.example", "a@partner.example", PARTNER },
		{ "lan", "a@app.example", "a@mx.PARTNER.example", PARTNER },
		{ "lan", "a@app.example", "a@notpartner.example", LAN },
		{ "vpn", "a@news.example", "b@y.example", LAN },
		{ "local", "a@news.example", "b@y.example", NEWS },
		{ "", "a@news.example", "b@y.example", REST },
		{ "LAN", "a@x.example", "b@y.example", REST },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct envelope envelope = envelope_of(cases[i].listener, cases[i].from);
		const struct route_set candidates = route_candidates(&config, &envelope);
		size_t route = route_find(&config, &candidates, cases[i].to);

		ck_assert_msg(route == cases[i].route, "%s <%s> <%s>: %s", cases[i].listener,
		    cases[i].from, cases[i].to, rows[route].name);
	}
}
END_TEST

START_TEST(one_route_takes_all)
{
	const struct config one = { .route = &rows[REST], .nroute = 1 }, none = { .nroute = 0 };
	const struct envelope envelope = envelope_of("", "a@x.example");
	const struct route_set candidates = route_candidates(&one, &envelope);

	ck_assert_uint_eq(route_find(&one, &candidates, "b@y.example"), 0);
	ck_assert_uint_eq(route_find(&none, &candidates, "b@y.example"), 0);
}
END_TEST

START_TEST(the_most_urgent_route_or_else_the_message_decides)
{
	static const struct {
		uint64_t routes;
		int own, priority;
	} cases[] = {
		{ 1 << REST, 0, 0 },
		{ 1 << REST, 4, 4 },
		{ 1 << REST, -9, -9 },
		{ 1 << LAN, 9, 7 },
		{ 1 << LAN, -9, 7 },
		{ 1 << BOUNCES, 9, -5 },
		{ 1 << BOUNCES | 1 << LAN, 0, 7 },
		{ 1 << BOUNCES | 1 << REST, -7, -5 },
		{ 1 << BOUNCES | 1 << REST, 1, 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct envelope envelope = { .priority = cases[i].own };
		const struct route_set routes = { { cases[i].routes } };

		ck_assert_int_eq(route_priority(&config, &envelope, &routes), cases[i].priority);
	}
}
END_TEST

static char *rcpts[] = { "a@partner.example", "b@y.example", "c@mx.partner.example" };

START_TEST(tells_who_is_left_and_narrows)
{
	struct envelope envelope = envelope_of("local", "a@app.example");
	struct queue *queue = queue_new();

	envelope.rcpt = rcpts;
	envelope.nrcpt = 3;

	const struct spool_record record = { .id = 1, .envelope = &envelope };
	struct queue_item *item = queue_add(queue, &record);
	struct delivery_rcpt list[] = { { .index = 0 }, { .index = 1 }, { .index = 2 } };
	struct delivery delivery = {
		.item = item,
		.envelope = &envelope,
		.rcpt = list,
		.nrcpt = 3,
		.routes = route_outstanding(&config, NULL, item, &envelope),
	};
	const struct route_set partner = { { 1 << PARTNER } };

	ck_assert_uint_eq(delivery.routes.bits[0], 1 << PARTNER | 1 << REST);
	route_narrow(&config, NULL, &delivery, &partner);
	ck_assert_uint_eq(delivery.nrcpt, 2);
	ck_assert_str_eq(delivery_address(&delivery, 1), "c@mx.partner.example");
	ck_assert_uint_eq(delivery.routes.bits[0], 1 << PARTNER);
	queue_rcpt_done(item, 1);
	ck_assert_uint_eq(route_outstanding(&config, NULL, item, &envelope).bits[0], 1 << PARTNER);
	queue_free(&queue);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "routes", the_first_that_matches_counts, one_route_takes_all,
	    the_most_urgent_route_or_else_the_message_decides, tells_who_is_left_and_narrows);
}

UNIT_MAIN("route")
