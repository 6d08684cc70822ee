/* SPDX-License-Identifier: ISC */
/*
 * test_raw.c - syntax, lines, comments, unknown keys.
 * Tests config/raw.c, config/grammar.c, config/text.c, config/nearest.c and config/report.c.
 */
#include "config/raw.h"

#include <stdio.h>
#include <string.h>

#include "config/report.h"
#include "sample.h"
#include "unit.h"

struct bad {
	const char *text, *errors; /* how they begin, line by line */
};

/* Each line of expected begins a line of errors; no more, no fewer. */
static void
check_lines(const char *text, const char *errors, const char *expected)
{
	const char *at = errors;

	for (const char *want = expected; *want != '\0'; want += strcspn(want, "\n")) {
		want += *want == '\n';

		size_t len = strcspn(want, "\n");

		ck_assert_msg(strncmp(at, want, len) == 0, "%s\nexpected:\n%s\ngot:\n%s", text,
		    expected, errors);
		at = strchr(at, '\n') + 1;
	}
	ck_assert_msg(*at == '\0', "%s\nexpected:\n%s\ngot:\n%s", text, expected, errors);
}

static void
expect_all(const struct bad *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str errors = STR_EMPTY;

		load_bad(cases[i].text, &errors);
		check_lines(cases[i].text, errors.data, cases[i].errors);
		str_free(&errors);
	}
}

START_TEST(syntax)
{
	static const struct bad cases[] = {
		{ "hostname", "1: syntax error: premature end of file" },
		{ "hostname =", "1: syntax error: premature end of file" },
		{ "hostname = \"a", "1: syntax error: premature end of file" },
		{ "\nhostname = 'a", "2: syntax error: unterminated string" },
		{ "hostname a", "1: syntax error: missing equal sign after option 'hostname'" },
		{ "spool = /x=y", "1: syntax error: unexpected token '='" },
		{ "spool = { /x }", "1: syntax error: unexpected token '{'" },
		{ "spool += /x", "1: syntax error: attempt to append to non-list" },
		{ UPSTREAM "queue {\n\n",
		    "2: a section that begins here has no end; a } is missing" },
		{ UPSTREAM "\nlisten a {\nrelay_from = {\n::1\n}", "3: a section that begins" },
		{ "queue {\n\nlifetime", "3: syntax error: premature end of file" },
		{ "queue {\n} }", "2: syntax error: unexpected closing brace" },
		{ "queue \"a\" { }", "1: syntax error: missing opening brace for section 'queue'" },
		{ "\nupstream { }", "2: syntax error: missing title for section 'upstream'" },
		{ "upstream a\nhost = b", "2: syntax error: missing opening brace for section" },
		{ "listen a { relay_from = { ::1, , ::2 } }",
		    "1: syntax error: unexpected token ','" },
		{ "queue|lifetime = 3", "1: syntax error: " },
		{ "\n/* a", "2: a comment without its end" },
	};

	expect_all(cases, sizeof cases / sizeof *cases);
}
END_TEST

START_TEST(unknown)
{
	static const struct bad cases[] = {
		{ "hostnam = a\n" UPSTREAM, "1: hostnam: unknown key; did you mean \"hostname\"?" },
		{ "frobnicate = a\n" UPSTREAM, "1: frobnicate: unknown key (see" },
		{ "upstream a { hots = b\n hots = c }",
		    "1: upstream \"a\": hots: unknown key; did you mean \"host\"?\n"
		    "1: upstream \"a\": host is missing\n"
		    "2: upstream \"a\": hots: unknown key; did you mean \"host\"?" },
		{ "lifetime = 5d\n" UPSTREAM,
		    "1: lifetime: unknown key; it belongs in a section \"queue\" (" },
		{ "queue { hostname = 5d }\n" UPSTREAM,
		    "1: queue: hostname: unknown key; it belongs outside of" },
		{ "upstream a { host = b.c far_off_key = x }",
		    "1: upstream \"a\": far_off_key: unknown key (see" },
		{ "listner a {\n}", "1: listner: neither a known section nor a key with its = and "
				    "value; values with spaces or any of #={}()+, need quotes; did "
				    "you mean \"listen\"?" },
		{ "hostname = app1 example com", "1: example: neither a known section nor a key" },
		{ "upstream a {\n host = b.c\nqueue { }",
		    "3: upstream \"a\": queue: neither a known section nor a key with its = and "
		    "value; "
		    "values with spaces or any of #={}()+, need quotes; a section cannot stand "
		    "inside "
		    "another: is a } missing" },
	};

	expect_all(cases, sizeof cases / sizeof *cases);
}
END_TEST

/* libconfuse takes a | in a name as a path; the options that we hide from files have one. */
START_TEST(odd_names)
{
	static const char *const names[] = { "begin|", "context|", "|begin|", "|context|", "|",
		"||", "", "queue|", "queue|lifetime", "upstream|p|host", "upstream=p|host", "root",
		"root|" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str text = STR_EMPTY, errors = STR_EMPTY;

		str_printf(&text, "%squeue { }\n\"%s\" = 1\n", UPSTREAM, names[i]);
		load_bad(text.data, &errors);
		ck_assert_msg(strncmp(errors.data, "3: ", 3) == 0, "%s: %s", names[i], errors.data);
		ck_assert_ptr_null(strstr(errors.data, "null"));
		str_free(&text);
		str_free(&errors);
	}
}
END_TEST

/* People put the password there in spite of all; it must not come back in a log. */
START_TEST(values_of_unknown_keys_are_not_shown)
{
	static const char *const texts[] = {
		"upstream a { host = b.c\npassword = hunter2 }",
		"upstream a { host = b.c\npassword = x hunter2 }",
		"upstream a { host = b.c\npassword = x hunter2\n}",
		"upstream a { host = b.c\npassword = x=hunter2 }",
		"upstream a { host = b.c\npassword = hunter2=x }",
		"password = 'hunter2'",
		"password = x, hunter2",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct str errors = STR_EMPTY;

		load_bad(texts[i], &errors);
		ck_assert_msg(strstr(errors.data, "hunter2") == NULL, "%s", errors.data);
		ck_assert_ptr_nonnull(strstr(errors.data, "did you mean \"password_file\""));
		str_free(&errors);
	}
}
END_TEST

START_TEST(given_twice)
{
	static const struct bad cases[] = {
		{ "hostname = a.b\n\nhostname = c.d\n" UPSTREAM,
		    "3: hostname = c.d: given twice, first in line 1; allowed: once" },
		{ "upstream a { host = b.c host = b.c }",
		    "1: upstream \"a\": host = b.c: given twice, first in line 1" },
		{ "listen a { relay_from = { 10.0.0.0/8, ::1 }\nrelay_from = ::1 }\n" UPSTREAM,
		    "2: listen \"a\": relay_from = ::1: given twice, first in line 1" },
		{ "queue { }\nqueue { }\n" UPSTREAM,
		    "2: queue: section given twice, first in line 1; allowed: once" },
	};

	expect_all(cases, sizeof cases / sizeof *cases);
}
END_TEST

/* libconfuse's own count goes wrong at comments. */
START_TEST(lines_are_right_whatever_stands_before)
{
	static const struct bad cases[] = {
		{ "# a\n# b\nx = 1\n" UPSTREAM, "3: x: unknown" },
		{ "// a\n//b\nx = 1\n" UPSTREAM, "3: x: unknown" },
		{ "/* a */ x = 1\n" UPSTREAM, "1: x: unknown" },
		{ "/* a\n * b\n */\nx = 1\n" UPSTREAM, "4: x: unknown" },
		{ "hostname = # a\n a.b /* c\n*/ x = 1\n" UPSTREAM, "3: x: unknown" },
		{ "hostname = a.b# c\nx = 1\n" UPSTREAM, "2: x: unknown" },
		{ "listen a { relay_from = { 10.0.0.0/8, # a\n ::1 // b\n , /* c */ ::2 } }\n"
		  "x = 1\n" UPSTREAM,
		    "4: x: unknown" },
		{ "spool = '/a\n#b//c'\nx = 1\n" UPSTREAM,
		    "2: spool = \"/a?#b//c\": has\n3: x: unknown" },
		{ "spool = \"/a\\\n\\\"b # c\"\nx = 1\n" UPSTREAM, "3: x: unknown" },
		{ "hostname = a.b\r\nx = 1\r\n" UPSTREAM, "2: x: unknown" },
		{ "spool = /a//b\nx = 1\n" UPSTREAM, "2: x: unknown" },
	};

	expect_all(cases, sizeof cases / sizeof *cases);
}
END_TEST

START_TEST(comments_hide_only_themselves)
{
	struct config *c = load_good("# \" '\n/* \" ' # { */ // }\n"
				     "spool = \"/a#b//c/*d\" # ' \"\n"
				     "hostname=a.b#c\n"
				     "control=/x//y // z\n" UPSTREAM);

	ck_assert_str_eq(c->spool, "/a#b//c/*d");
	ck_assert_str_eq(c->hostname, "a.b");
	ck_assert_str_eq(c->control, "/x//y");
	config_free(&c);
}
END_TEST

START_TEST(variables_are_expanded)
{
	ck_assert_int_eq(setenv("POSTERN_TEST", "/x y#z", 1), 0);

	struct config *c = load_good("spool = \"${POSTERN_TEST}/s\"\n"
				     "control = \"${POSTERN_NONE:-/\"#\"}c\"\n" UPSTREAM);

	ck_assert_str_eq(c->spool, "/x y#z/s");
	ck_assert_str_eq(c->control, "/\"#\"c");
	config_free(&c);

	c = load_good("spool = '/${POSTERN_TEST}'\n" UPSTREAM);
	ck_assert_str_eq(c->spool, "/${POSTERN_TEST}");
	config_free(&c);
}
END_TEST

START_TEST(files_that_are_none)
{
	static const char *const files[] = { "/nonexistent/postern.conf", "/tmp" };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct str errors = STR_EMPTY;

		ck_assert_ptr_null(config_load(files[i], &errors));
		ck_assert_int_eq(strncmp(errors.data, files[i], strlen(files[i])), 0);
		ck_assert_ptr_nonnull(strstr(errors.data, ": cannot be read: "));
		str_free(&errors);
	}
}
END_TEST

START_TEST(a_file_without_an_end_is_cut_off)
{
	struct str errors = STR_EMPTY;

	ck_assert_ptr_null(config_load("/dev/zero", &errors));
	ck_assert_ptr_nonnull(strstr(errors.data, "larger than"));
	str_free(&errors);
}
END_TEST

START_TEST(a_nul_octet_is_told_with_its_line)
{
	struct sample sample;
	FILE *file;

	sample_make(&sample, "");
	file = fopen(sample.file, "w");
	ck_assert_uint_eq(fwrite("\n\na\0b\n", 1, 6, file), 6);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_ptr_null(sample_load(&sample));
	ck_assert_ptr_nonnull(strstr(sample.errors.data, "postern.conf:3: a NUL octet"));
	sample_remove(&sample);
}
END_TEST

/* Reports stay one line each and end somewhere, whatever is in the file. */
START_TEST(reports_have_bounds)
{
	struct str text = STR_EMPTY, errors = STR_EMPTY;
	size_t lines = 0;

	for (int i = 0; i < 200; i++)
		str_printf(&text, "key%d = 1\n", i);
	load_bad(text.data, &errors);
	for (const char *at = errors.data; *at != '\0'; at++)
		lines += *at == '\n';
	ck_assert_uint_le(lines, 51);
	str_cut(&text, 0);
	str_cut(&errors, 0);

	str_puts(&text, "hostname = \"\033[1m");
	for (int i = 0; i < 100000; i++)
		str_puts(&text, "x");
	str_puts(&text, "\"\n" UPSTREAM);
	load_bad(text.data, &errors);
	ck_assert_uint_lt(errors.len, 1000);
	ck_assert_ptr_null(strchr(errors.data, '\033'));
	str_free(&text);
	str_free(&errors);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "syntax", syntax, unknown, odd_names, values_of_unknown_keys_are_not_shown,
	    given_twice);
	add_tests(suite, "text", lines_are_right_whatever_stands_before,
	    comments_hide_only_themselves, variables_are_expanded);
	add_tests(suite, "files", files_that_are_none, a_file_without_an_end_is_cut_off,
	    a_nul_octet_is_told_with_its_line, reports_have_bounds);
}

UNIT_MAIN("config raw")
