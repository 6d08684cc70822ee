/* SPDX-License-Identifier: ISC */
/* test_verifier.c - whose password is checked when. */
#include "unit.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "config/users.h"
#include "listener/verifier.h"

enum { MANY = 100 };

static struct event_base *base;
static struct verifier *verifier;
static struct user app = { .name = (char[]){ "app" } };
static const struct users users = { .user = &app, .count = 1, .has_scram = true };
static char done[MANY + 2]; /* who, in turn */

static void
set_up(void)
{
	base = event_base_new();
	verifier = verifier_new(base);
	ck_assert_ptr_nonnull(verifier);
	ck_assert_int_eq(scram_key_make("secret", &app.key), 0);
	memset(done, 0, sizeof done);
}

static void
tear_down(void)
{
	verifier_free(&verifier);
	event_base_free(base);
}

static void
on_done(void *ctx, bool fits)
{
	ck_assert(fits == (strcmp(ctx, "?") != 0));
	done[strlen(done)] = *(const char *)ctx;
}

/* who is what is noted when it is done; "?": the password is wrong. */
static struct verifier_job *
submit(const char *address, const char *who)
{
	struct sockaddr_in client = { .sin_family = AF_INET };
	struct verifier_job *job;

	inet_pton(AF_INET, address, &client.sin_addr);
	job = verifier_submit(verifier, &users, (struct sockaddr *)&client, "app",
	    *who == '?' ? "wrong" : "secret", on_done, (char *)(uintptr_t)who);
	ck_assert_ptr_nonnull(job);
	return job;
}

static void
wait_for(size_t n)
{
	while (strlen(done) < n)
		event_base_loop(base, EVLOOP_ONCE);
}

START_TEST(right_and_wrong)
{
	submit("192.0.2.1", "a");
	submit("192.0.2.1", "?");
	wait_for(2);
}
END_TEST

START_TEST(a_client_with_many_waits_for_itself)
{
	for (int i = 0; i < MANY; i++)
		submit("192.0.2.1", "a");
	submit("192.0.2.2", "b");
	wait_for(MANY + 1);
	/* Behind those that were begun, and one more. */
	ck_assert_int_lt(strchr(done, 'b') - done, MANY / 4);
}
END_TEST

START_TEST(what_is_forgotten_costs_nothing)
{
	struct verifier_job *jobs[MANY];
	int64_t began = clock_mono_ms();

	app.key.iterations = 200 * 1000; /* 50 ms or so */
	for (int i = 0; i < MANY; i++)
		jobs[i] = submit("192.0.2.1", "a");
	for (int i = 0; i < MANY; i++)
		verifier_forget(&jobs[i]);
	ck_assert_ptr_null(jobs[0]);
	submit("192.0.2.1", "?");
	wait_for(1);
	ck_assert_str_eq(done, "?");
	ck_assert_int_lt(clock_mono_ms() - began, 1500);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("verifier");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, right_and_wrong);
	tcase_add_test(tcase, a_client_with_many_waits_for_itself);
	tcase_add_test(tcase, what_is_forgotten_costs_nothing);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("listener/verifier")
