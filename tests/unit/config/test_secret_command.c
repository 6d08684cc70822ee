/* SPDX-License-Identifier: ISC */
/* test_secret_command.c - commands that print a secret, and those that do not. */
#include "config/secret_command.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "unit.h"

enum { ROOM = 4099 };

static int
run_for(int64_t ms, const char *command, char out[ROOM + 1], struct str *why)
{
	size_t len = 0;
	int result;

	str_cut(why, 0);
	str_puts(why, "");
	result = secret_command_run(command, clock_mono_ms() + ms, out, ROOM, &len, why);
	out[len] = '\0';
	return result;
}

static int
run(const char *command, char out[ROOM + 1], struct str *why)
{
	return run_for(SECRET_COMMAND_MS, command, out, why);
}

START_TEST(output_is_taken_as_it_is)
{
	static const struct {
		const char *command, *output;
	} cases[] = {
		{ "echo secret", "secret\n" },
		{ "printf ' a \"b\\047 #c\\\\ '", " a \"b' #c\\ " },
		{ "printf 'p\xc3\xa4ss'; echo noise >&2", "p\xc3\xa4ss" },
		{ "printf a; sleep 0.1; printf b", "ab" },
		{ "true", "" },
		/* What is left running does not keep us waiting. */
		{ "printf x; sleep 30 & exit 0", "x" },
		/* Nothing to read, and no descriptor but the three. */
		{ "cat; ls /proc/self/fd | tr '\\n' ' ' | cut -c 1-7", "0 1 2 3\n" },
		/* More on stderr than is kept. */
		{ "head -c 1000000 /dev/zero >&2; echo done", "done\n" },
	};
	struct str why = STR_EMPTY;
	char out[ROOM + 1];
	int fd = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(fd, 3);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg(run(cases[i].command, out, &why) == 0, "%s", why.data);
		ck_assert_str_eq(out, cases[i].output);
	}
	close(fd);
	str_free(&why);
}
END_TEST

START_TEST(failures_are_explained)
{
	static const struct {
		const char *command, *why;
	} cases[] = {
		{ "echo secret; exit 3", "ended with status 3" },
		{ "echo 'no key' >&2; exit 1", "ended with status 1: no key" },
		{ "kill -9 $$", "ended by signal 9" },
		{ "/nonexistent/program", "ended with status 127: " },
		{ "yes", "it prints more than a password of 4096 octets" },
	};
	struct str why = STR_EMPTY;
	char out[ROOM + 1];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(run(cases[i].command, out, &why), -1);
		ck_assert_msg(strncmp(why.data, cases[i].why, strlen(cases[i].why)) == 0, "%s: %s",
		    cases[i].command, why.data);
		ck_assert_ptr_null(strstr(why.data, "secret"));
	}
	str_free(&why);
}
END_TEST

/* Signals that the daemon blocks or ignores are not so for the command. */
START_TEST(signals_are_as_usual)
{
	struct str why = STR_EMPTY;
	char out[ROOM + 1];
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(run("kill -TERM $$; sleep 5", out, &why), -1);
	ck_assert_str_eq(why.data, "ended by signal 15");
	ck_assert_int_eq(run("kill -PIPE $$; sleep 5", out, &why), -1);
	ck_assert_str_eq(why.data, "ended by signal 13");
	sigprocmask(SIG_SETMASK, &before, NULL);
	str_free(&why);
}
END_TEST

START_TEST(one_that_hangs_is_ended_with_its_children)
{
	struct str why = STR_EMPTY;
	char out[ROOM + 1];
	int64_t start = clock_mono_ms();

	ck_assert_int_eq(run_for(500, "echo waiting >&2; sleep 60 | cat", out, &why), -1);
	ck_assert_str_eq(
	    why.data, "not ready within the 10 s that all commands have together: waiting");
	ck_assert_int_ge(clock_mono_ms() - start, 500);
	str_free(&why);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *slow = tcase_create("hangs");

	add_tests(suite, "command", output_is_taken_as_it_is, failures_are_explained,
	    signals_are_as_usual);
	tcase_set_timeout(slow, 40);
	tcase_add_test(slow, one_that_hangs_is_ended_with_its_children);
	suite_add_tcase(suite, slow);
}

UNIT_MAIN("config secret_command")
