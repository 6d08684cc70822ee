/* SPDX-License-Identifier: ISC */
/* test_paths.c - tests config/path.c and config/hostname.c. */
#include "config/path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/hostname.h"
#include "smtp/address.h"
#include "unit.h"

START_TEST(beside)
{
	static const struct {
		const char *file, *path, *expected;
	} cases[] = { { "/etc/postern/postern.conf", "password", "/etc/postern/password" },
		{ "/etc/postern/postern.conf", "/x", "/x" }, { "/a.conf", "b", "/b" },
		{ "a.conf", "b", "b" }, { "x/a.conf", "../b", "x/../b" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *path = path_beside(cases[i].file, cases[i].path);

		ck_assert_str_eq(path, cases[i].expected);
		free(path);
	}
}
END_TEST

START_TEST(absolute)
{
	ck_assert_int_eq(chdir("/usr"), 0);

	char *path = path_absolute("../etc/x");

	ck_assert_str_eq(path, "/etc/x");
	free(path);
	path = path_absolute("x");
	ck_assert_str_eq(path, "/usr/x");
	free(path);
	path = path_absolute("/x");
	ck_assert_str_eq(path, "/x");
	free(path);
	path = path_absolute("nonexistent/x");
	ck_assert_str_eq(path, "nonexistent/x");
	free(path);
}
END_TEST

START_TEST(base)
{
	ck_assert_str_eq(path_base("/a/b"), "b");
	ck_assert_str_eq(path_base("b"), "b");
	ck_assert_str_eq(path_base("/a/"), "");
}
END_TEST

START_TEST(a_host_name_becomes_qualified)
{
	static const struct {
		const char *name, *expected;
	} cases[] = { { "app1.example.com", "app1.example.com" },
		{ "nobody-has-this-name", "nobody-has-this-name.localdomain" },
		{ "not a name", "localhost.localdomain" }, { "", "localhost.localdomain" },
		{ "(none)", "localhost.localdomain" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *name = hostname_qualify(cases[i].name);

		ck_assert_str_eq(name, cases[i].expected);
		free(name);
	}
}
END_TEST

START_TEST(this_host_has_a_name)
{
	char *name = hostname_find();

	ck_assert_ptr_nonnull(strchr(name, '.'));
	ck_assert(smtp_domain_is_valid(name));
	free(name);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "path", beside, absolute, base);
	add_tests(suite, "hostname", a_host_name_becomes_qualified, this_host_has_a_name);
}

UNIT_MAIN("config paths")
