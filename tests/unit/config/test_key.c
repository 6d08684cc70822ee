/* SPDX-License-Identifier: ISC */
/*
 * test_key.c - the table of keys is sound, and the manual and the sample file say what it says.
 * Tests config/key.c.
 */
#include "config/key.h"

#include <stdio.h>
#include <string.h>

#include "sample.h"
#include "unit.h"

static char *
read_file(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "r");

	ck_assert_msg(file != NULL, "%s", path);

	size_t len = fread(text, 1, sizeof text - 1, file);

	ck_assert_uint_lt(len, sizeof text - 1);
	text[len] = '\0';
	fclose(file);
	return text;
}

static char *
read_manual(void)
{
	return read_file(TOP_SRCDIR "/man/postern.conf.5");
}

START_TEST(defaults_are_in_range)
{
	union {
		struct config_listen listen;
		struct config_upstream upstream;
		struct config_client client;
		struct config config;
	} record;

	for (size_t i = 0; i < SECTION_KINDS; i++)
		for (const struct key *key = config_keys[i]; key->name != NULL; key++) {
			memset(&record, 0, sizeof record);
			if (key->fallback == NULL)
				continue;

			const char *why = key->kind->set(key, key->fallback, &record);

			ck_assert_msg(why == NULL, "%s: %s", key->name, why);
			if (key->kind->parse == NULL && key->kind->words == NULL)
				free(*(char **)(void *)((char *)&record + key->offset));
		}
}
END_TEST

START_TEST(ranges_can_be_read)
{
	for (size_t i = 0; i < SECTION_KINDS; i++)
		for (const struct key *key = config_keys[i]; key->name != NULL; key++) {
			uint64_t min, max;

			if (key->kind->parse == NULL)
				continue;
			ck_assert_msg(key->kind->parse(key->min, &min) == 0 &&
					  key->kind->parse(key->max, &max) == 0 && min < max,
			    "%s: %s to %s", key->name, key->min, key->max);
		}
}
END_TEST

START_TEST(names_are_found)
{
	ck_assert_ptr_nonnull(key_find(SECTION_TOP, "hostname"));
	ck_assert_ptr_nonnull(key_find(SECTION_UPSTREAM, "host"));
	ck_assert_ptr_null(key_find(SECTION_TOP, "host"));
	ck_assert_ptr_null(key_find(SECTION_LOG, ""));
}
END_TEST

START_TEST(near_names_are_found)
{
	static const struct {
		enum section_kind section;
		const char *typed, *near;
	} cases[] = {
		{ SECTION_TOP, "hostnam", "hostname" }, { SECTION_TOP, "Hostname", "hostname" },
		{ SECTION_TOP, "upstreams", "upstream" }, { SECTION_TOP, "limit", "limits" },
		{ SECTION_TOP, "x", NULL }, { SECTION_TOP, "", NULL },
		{ SECTION_TOP, "smtp", NULL }, { SECTION_UPSTREAM, "password", "password_file" },
		{ SECTION_UPSTREAM, "user_name", "username" },
		{ SECTION_UPSTREAM, "passwordfile", "password_file" },
		{ SECTION_UPSTREAM, "conections", "connections" },
		{ SECTION_UPSTREAM, "prot", "port" }, { SECTION_LISTEN, "relayfrom", "relay_from" },
		{ SECTION_LOG, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *near = key_nearest(cases[i].section, cases[i].typed);

		ck_assert_msg(near == cases[i].near || (near != NULL && cases[i].near != NULL &&
							   strcmp(near, cases[i].near) == 0),
		    "%s: %s", cases[i].typed, near == NULL ? "(none)" : near);
	}
}
END_TEST

/* The part of the manual about a section, and in it that about a key; the text is cut there. */
static char *
manual_of(char *manual, enum section_kind section, const char *key)
{
	char heading[64];

	if (section == SECTION_TOP)
		snprintf(heading, sizeof heading, "\n.Ss Keys outside of any section\n");
	else
		snprintf(heading, sizeof heading, "\n.Ss Section %s%s\n",
		    config_sections[section].name,
		    config_sections[section].has_title ? " Qq NAME" : "");

	char *at = strstr(manual, heading);

	ck_assert_msg(at != NULL, "the manual has no%s", heading);
	at += strlen(heading) - 1;

	char *end = strstr(at, "\n.Ss "), *chapter = strstr(at, "\n.Sh ");

	ck_assert_ptr_nonnull(chapter);
	*(end != NULL && end < chapter ? end : chapter) = '\0';
	snprintf(heading, sizeof heading, "\n.It Ic %s No = ", key);
	at = strstr(at, heading);
	ck_assert_msg(at != NULL, "the manual does not tell%s", heading);
	at += strlen(heading);
	end = strstr(at, "\n.It Ic ");
	if (end != NULL)
		*end = '\0';
	return at;
}

static void
expect_in_manual(const char *text, const char *key, const char *expected)
{
	ck_assert_msg(strstr(text, expected) != NULL, "%s: no \"%s\" in the manual:\n%s", key,
	    expected, text);
}

START_TEST(the_manual_tells_each_key_with_default_and_range)
{
	char expected[100];

	for (size_t i = 0; i < SECTION_KINDS; i++)
		for (const struct key *key = config_keys[i]; key->name != NULL; key++) {
			const char *text =
			    manual_of(read_manual(), (enum section_kind)i, key->name);
			const char *fallback = key->fallback == NULL ? "" : key->fallback;

			snprintf(expected, sizeof expected, "Default: %s", fallback);
			expect_in_manual(text, key->name, expected);
			if (key->min != NULL) {
				snprintf(expected, sizeof expected, "Range: %s to %s.", key->min,
				    key->max);
				expect_in_manual(text, key->name, expected);
			} else if (key->max != NULL && key->kind != &kind_path) {
				snprintf(expected, sizeof expected, "at most %s octets", key->max);
				expect_in_manual(text, key->name, expected);
			}
			for (size_t j = 0; key->kind->words != NULL && key->kind->words[j]; j++)
				expect_in_manual(text, key->name, key->kind->words[j]);
		}
}
END_TEST

/* Load a text as it stands, but with an upstream if it is about something else. */
static void
expect_good(const char *text)
{
	struct str whole = STR_EMPTY;

	str_puts(&whole, text);
	if (strstr(text, "\nupstream ") == NULL && strncmp(text, "upstream ", 9) != 0)
		str_puts(&whole, UPSTREAM);

	struct config *config = load_good(whole.data);

	config_free(&config);
	str_free(&whole);
}

START_TEST(the_manuals_examples_are_good)
{
	static const char begin[] = "\n.Bd -literal -offset indent\n", end[] = "\n.Ed\n";
	char *at = read_manual(), *stop;
	size_t count = 0;

	for (; (at = strstr(at, begin)) != NULL; at = stop + 2, count++) {
		at += strlen(begin);
		stop = strstr(at, end);
		ck_assert_ptr_nonnull(stop);
		stop[1] = '\0';
		ck_assert_ptr_null(strchr(at, '\\'));
		expect_good(at);
	}
	ck_assert_uint_eq(count, 6);
}
END_TEST

START_TEST(the_sample_file_is_good)
{
	expect_good(read_file(TOP_SRCDIR "/etc/postern.conf"));
}
END_TEST

/* "# words" are words; "#key = value" is what an admin would take the # from. */
START_TEST(the_samples_comments_are_the_defaults)
{
	char *text = read_file(TOP_SRCDIR "/etc/postern.conf");

	for (char *at = text; (at = strstr(at, "\n#")) != NULL;)
		if (*++at == '#' && at[1] != ' ' && at[1] != '\n')
			*at = ' ';
	ck_assert_ptr_nonnull(strstr(text, "\n limits {"));

	struct config *full = load_good(text), *bare = load_good(UPSTREAM);

	ck_assert_str_eq(full->hostname, "app1.example.com");
	ck_assert_uint_eq(full->nlisten, bare->nlisten);
	for (size_t i = 0; i < bare->nlisten; i++) {
		ck_assert_str_eq(full->listen[i].name, bare->listen[i].name);
		ck_assert_str_eq(full->listen[i].address, bare->listen[i].address);
		ck_assert_uint_eq(full->listen[i].port, bare->listen[i].port);
		ck_assert_uint_eq(
		    full->listen[i].relay_from.count, bare->listen[i].relay_from.count);
		for (size_t j = 0; j < bare->listen[i].relay_from.count; j++)
			ck_assert_mem_eq(&full->listen[i].relay_from.network[j],
			    &bare->listen[i].relay_from.network[j], sizeof(struct cidr));
	}
	ck_assert_mem_eq(&full->queue, &bare->queue, sizeof full->queue);
	ck_assert_mem_eq(&full->limits, &bare->limits, sizeof full->limits);
	ck_assert_mem_eq(&full->log, &bare->log, sizeof full->log);
	config_free(&full);
	config_free(&bare);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "table", defaults_are_in_range, ranges_can_be_read, names_are_found,
	    near_names_are_found);
	add_tests(suite, "documents", the_manual_tells_each_key_with_default_and_range,
	    the_manuals_examples_are_good, the_sample_file_is_good,
	    the_samples_comments_are_the_defaults);
}

UNIT_MAIN("config key")
