/* SPDX-License-Identifier: ISC */
/* test_parameters.c - what is said behind an address: what is offered and needed, nothing else. */
#include "outbound/parameters.h"

#include <event2/buffer.h>
#include <string.h>

#include "../unit.h"
#include "outbound/delivery.h"
#include "smtp/capability.h"
#include "spool/envelope.h"

enum { ALL = (1 << SMTP_EXT_COUNT) - 1 };

static struct envelope_dsn dsn[] = { { SMTP_NOTIFY_NEVER, NULL },
	{ SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, (char[]){ "rfc822;b+2B@y" } }, { 0, NULL } };
static char *rcpts[] = { (char[]){ "a@y" }, (char[]){ "b@y" }, (char[]){ "c@y" } };
static struct envelope asks = {
	.from = (char[]){ "s@x" },
	.rcpt = rcpts,
	.nrcpt = 3,
	.dsn = dsn,
	.ret = SMTP_RET_HDRS,
	.envid = (char[]){ "id+2B" },
	.body = ENVELOPE_8BITMIME,
};
static struct envelope urgent = { .from = (char[]){ "s@x" },
	.rcpt = rcpts,
	.nrcpt = 3,
	.priority = -3,
	.requiretls = true,
	.smtputf8 = true };
static struct envelope abroad = { .from = (char[]){ "\xc3\xbc@x" }, .rcpt = rcpts, .nrcpt = 3 };
static struct envelope plain = { .from = (char[]){ "s@x" }, .rcpt = rcpts, .nrcpt = 3 };

static const struct {
	struct envelope *envelope;
	unsigned offered;
	const char *mail, *rcpt[3];
} cases[] = {
	{ &plain, 0, "", { "", "", "" } },
	{ &plain, ALL, " SIZE=100", { "", "", "" } },
	{ &asks, 0, "", { "", "", "" } },
	{ &asks, SMTP_EXT_8BITMIME, " BODY=8BITMIME", { "", "", "" } },
	{ &urgent, 0, "", { "", "", "" } },
	{ &urgent, ALL, " SIZE=100 REQUIRETLS MT-PRIORITY=-3", { "", "", "" } },
	{ &abroad, SMTP_EXT_SMTPUTF8, " SMTPUTF8", { "", "", "" } },
	{ &asks, SMTP_EXT_DSN, " RET=HDRS ENVID=id+2B",
	    { " NOTIFY=NEVER", " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2B@y", "" } },
};

static const char *
take(struct evbuffer *out)
{
	static char text[1024];
	int len = evbuffer_remove(out, text, sizeof text - 1);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

START_TEST(says_what_is_offered_and_needed)
{
	struct smtp_capabilities caps = { .extensions = cases[_i].offered };
	struct delivery_rcpt rcpt[] = { { .index = 0 }, { .index = 1 }, { .index = 2 } };
	struct delivery delivery = {
		.envelope = cases[_i].envelope, .content_len = 100, .rcpt = rcpt, .nrcpt = 3
	};
	struct evbuffer *out = evbuffer_new();

	parameters_add_mail(out, &caps, &delivery);
	ck_assert_str_eq(take(out), cases[_i].mail);
	for (size_t i = 0; i < 3; i++) {
		parameters_add_rcpt(out, &caps, &delivery, i);
		ck_assert_str_eq(take(out), cases[_i].rcpt[i]);
	}
	evbuffer_free(out);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("parameters");

	tcase_add_loop_test(
	    table, says_what_is_offered_and_needed, 0, (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(suite, table);
}

UNIT_MAIN("outbound/parameters")
