/* SPDX-License-Identifier: ISC */
/* test_demand.c - who cannot be served by an upstream, and why. */
#include "outbound/demand.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "outbound/delivery.h"
#include "smtp/capability.h"
#include "spool/envelope.h"

#define UMLAUT "\xc3\xbc@y"
#define IDN    "\xc3\xbc.example"

static const struct {
	const char *from, *rcpt[2];
	bool requiretls, is_verified;
	unsigned offered;
	uint64_t size;
	const char *enhanced[2]; /* NULL: still untried */
} cases[] = {
	{ "s@x", { "a@y", "b@y" }, false, false, 0, 0, { NULL, NULL } },
	{ "s@x", { "a@y", "b@y" }, false, false, 0, 100, { NULL, NULL } },
	{ "s@x", { "a@y", "b@y" }, false, false, 0, 99, { "5.3.4", "5.3.4" } },
	{ "s@x", { "a@y", UMLAUT }, false, true, 0, 0, { NULL, "5.6.7" } },
	{ "s@x", { "a@y", UMLAUT }, false, true, SMTP_EXT_SMTPUTF8, 0, { NULL, NULL } },
	{ UMLAUT, { "a@y", "b@y" }, false, true, 0, 0, { "5.6.7", "5.6.7" } },
	{ UMLAUT, { "a@y", "b@y" }, false, true, SMTP_EXT_SMTPUTF8, 0, { NULL, NULL } },
	{ "s@x", { "a@" IDN, UMLAUT }, false, true, 0, 0, { NULL, "5.6.7" } },
	{ "s@" IDN, { "a@y", "b@" IDN }, false, true, 0, 0, { NULL, NULL } },
	{ "s@" IDN, { "a@y", "b@" IDN }, false, true, SMTP_EXT_SMTPUTF8, 0, { NULL, NULL } },
	{ "s@x", { "a@y", "b@y" }, true, true, 0, 0, { "5.7.30", "5.7.30" } },
	{ "s@x", { "a@y", "b@y" }, true, false, SMTP_EXT_REQUIRETLS, 0, { "5.7.30", "5.7.30" } },
	{ "s@x", { "a@y", "b@y" }, true, true, SMTP_EXT_REQUIRETLS, 0, { NULL, NULL } },
};

START_TEST(judges_whom_it_cannot_serve)
{
	char *rcpts[] = { strdup(cases[_i].rcpt[0]), strdup(cases[_i].rcpt[1]) };
	struct smtp_capabilities caps = { .extensions = cases[_i].offered, .size = cases[_i].size };
	struct delivery_rcpt rcpt[] = { { .index = 0 }, { .index = 1 } };
	struct envelope envelope = { .from = strdup(cases[_i].from),
		.rcpt = rcpts,
		.nrcpt = 2,
		.requiretls = cases[_i].requiretls };
	struct delivery delivery = {
		.envelope = &envelope, .content_len = 100, .rcpt = rcpt, .nrcpt = 2
	};
	const struct demand_offer offer = { &caps, cases[_i].is_verified, "smtp.example.org" };
	bool is_met = cases[_i].enhanced[0] == NULL || cases[_i].enhanced[1] == NULL;

	ck_assert(demand_is_met(&delivery, &offer) == is_met);
	for (size_t i = 0; i < 2; i++) {
		const char *enhanced = cases[_i].enhanced[i];

		ck_assert_int_eq(rcpt[i].fate, enhanced != NULL ? RCPT_UNABLE : RCPT_UNTRIED);
		ck_assert_str_eq(rcpt[i].enhanced, enhanced != NULL ? enhanced : "");
		free(rcpt[i].reply);
		free(rcpt[i].ascii);
		free(rcpts[i]);
	}
	free(delivery.from_ascii);
	free(envelope.from);
}
END_TEST

START_TEST(a_header_of_8_bits_needs_no_smtputf8)
{
	char *rcpts[] = { (char[]){ "a@y" } };
	struct delivery_rcpt rcpt[] = { { .index = 0 } };
	struct envelope envelope = {
		.from = (char[]){ "s@x" }, .rcpt = rcpts, .nrcpt = 1, .body = ENVELOPE_8BITMIME
	};
	struct delivery delivery = { .envelope = &envelope, .rcpt = rcpt, .nrcpt = 1 };

	ck_assert(!demand_is_utf8(&delivery));
	envelope.smtputf8 = true;
	ck_assert(demand_is_utf8(&delivery));
	envelope.body = ENVELOPE_7BIT;
	ck_assert(!demand_is_utf8(&delivery));
}
END_TEST

START_TEST(domains_are_sent_in_ascii_where_they_must)
{
	char *rcpts[] = { (char[]){ "a@" IDN }, (char[]){ "b@y" } };
	struct smtp_capabilities caps = { .extensions = 0 };
	struct delivery_rcpt rcpt[] = { { .index = 0 }, { .index = 1 } };
	struct envelope envelope = { .from = (char[]){ "s@" IDN }, .rcpt = rcpts, .nrcpt = 2 };
	struct delivery delivery = { .envelope = &envelope, .rcpt = rcpt, .nrcpt = 2 };

	ck_assert(demand_is_met(&delivery, &(struct demand_offer){ &caps, true, "host" }));
	ck_assert_str_eq(delivery_sent_from(&delivery), "s@xn--tda.example");
	ck_assert_str_eq(delivery_sent_to(&delivery, 0), "a@xn--tda.example");
	ck_assert_str_eq(delivery_sent_to(&delivery, 1), "b@y");
	ck_assert_str_eq(delivery_address(&delivery, 0), "a@" IDN);
	free(delivery.from_ascii);
	free(rcpt[0].ascii);
}
END_TEST

START_TEST(a_report_asks_for_tls_where_it_can)
{
	char *rcpts[] = { (char[]){ "a@y" } };
	struct smtp_capabilities caps = { .extensions = 0 };
	struct delivery_rcpt rcpt[] = { { .index = 0 } };
	struct envelope envelope = { .from = (char[]){ "" },
		.rcpt = rcpts,
		.nrcpt = 1,
		.requiretls = true,
		.is_report = true };
	struct delivery delivery = { .envelope = &envelope, .rcpt = rcpt, .nrcpt = 1 };

	ck_assert(demand_is_met(&delivery, &(struct demand_offer){ &caps, true, "host" }));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("demands");

	tcase_add_loop_test(
	    table, judges_whom_it_cannot_serve, 0, (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(suite, table);
	add_tests(suite, "utf8", a_header_of_8_bits_needs_no_smtputf8,
	    domains_are_sent_in_ascii_where_they_must, a_report_asks_for_tls_where_it_can);
}

UNIT_MAIN("outbound/demand")
