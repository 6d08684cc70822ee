/* SPDX-License-Identifier: ISC */
/* Tests of src/daemon/options.c. */
#include "daemon/options.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "unit.h"

static const struct {
	const char *args[5];
	int result;
	const char *file; /* NULL: the default */
	bool is_foreground, checks_only, shows_version, shows_usage;
} cases[] = {
	{ { NULL }, 0, NULL, false, false, false, false },
	{ { "-f" }, 0, NULL, true, false, false, false },
	{ { "-t" }, 0, NULL, false, true, false, false },
	{ { "-V" }, 0, NULL, false, false, true, false },
	{ { "--version" }, 0, NULL, false, false, true, false },
	{ { "-h" }, 0, NULL, false, false, false, true },
	{ { "--help" }, 0, NULL, false, false, false, true },
	{ { "--frob" }, -1, NULL, false, false, false, false },
	{ { "-c", "a.conf" }, 0, "a.conf", false, false, false, false },
	{ { "-tfca.conf" }, 0, "a.conf", true, true, false, false },
	{ { "-c" }, -1, NULL, false, false, false, false },
	{ { "-x" }, -1, NULL, false, false, false, false },
	{ { "-xfx" }, -1, NULL, false, false, false, false },
	{ { "start" }, -1, NULL, false, false, false, false },
	{ { "-f", "start" }, -1, NULL, false, false, false, false },
};

START_TEST(test_parses)
{
	char *argv[8] = { (char[]){ "posternd" } };
	struct options options;
	int argc = 1;

	for (; argc < 5 && cases[_i].args[argc - 1] != NULL; argc++)
		argv[argc] = strdup(cases[_i].args[argc - 1]);
	/* The usage is not for the test's output. */
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	ck_assert_int_eq(options_parse(&options, argc, argv), cases[_i].result);
	if (cases[_i].result == 0) {
		ck_assert_str_eq(
		    options.file, cases[_i].file != NULL ? cases[_i].file : CONFIG_DEFAULT_FILE);
		ck_assert(options.is_foreground == cases[_i].is_foreground);
		ck_assert(options.checks_only == cases[_i].checks_only);
		ck_assert(options.shows_version == cases[_i].shows_version);
		ck_assert(options.shows_usage == cases[_i].shows_usage);
	}
	for (int i = 1; i < argc; i++)
		free(argv[i]);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("options");

	tcase_add_loop_test(tcase, test_parses, 0, (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("options")
