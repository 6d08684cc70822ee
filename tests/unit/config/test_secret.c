/* SPDX-License-Identifier: ISC */
/*
 * test_secret.c - which password files are taken, and what is read from them, from variables and
 * from commands.  Tests config/secret.c and config/secret_file.c.
 */
#include "config/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"
#include "unit.h"

#define WITH_LOGIN "upstream a { host = b.c username = u\npassword_file = password }\n"

/* Load the secrets of a config of one login whose password file is there already. */
static struct secrets *
load(struct sample *sample)
{
	struct config *config = sample_load(sample);

	ck_assert_msg(config != NULL, "%s", sample->errors.data);

	struct secrets *secrets = secrets_load(config, &sample->errors);

	config_free(&config);
	return secrets;
}

static void
expect_password(struct sample *sample, const char *password)
{
	struct secrets *secrets = load(sample);

	ck_assert_msg(secrets != NULL, "%s", sample->errors.data);
	ck_assert_uint_eq(secrets->count, 1);
	ck_assert_str_eq(secrets->password[0], password);
	secrets_free(&secrets);
	ck_assert_ptr_null(secrets);
}

static void
expect_error(struct sample *sample, const char *words)
{
	ck_assert_ptr_null(load(sample));
	ck_assert_msg(strstr(sample->errors.data, words) != NULL, "expected: %s\ngot: %s", words,
	    sample->errors.data);
	ck_assert_ptr_nonnull(
	    strstr(sample->errors.data, "postern.conf:2: upstream \"a\": password_file = /"));
}

START_TEST(content_is_taken_as_it_is)
{
	static const struct {
		const char *content, *password;
	} cases[] = { { "secret", "secret" }, { "secret\n", "secret" }, { "secret\r\n", "secret" },
		{ "secret\n\n", "secret\n" }, { "secret\r", "secret\r" },
		{ " a \"b' #c\\ \t\n", " a \"b' #c\\ \t" },
		{ "p\xc3\xa4ssw\xc3\xb6rt\n", "p\xc3\xa4ssw\xc3\xb6rt" },
		{ "${HOME}", "${HOME}" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample sample;

		sample_make(&sample, WITH_LOGIN);
		sample_add(&sample, "password", cases[i].content, 0600);
		expect_password(&sample, cases[i].password);
		sample_remove(&sample);
	}
}
END_TEST

START_TEST(content_that_is_no_password)
{
	static const struct {
		const char *content, *error;
	} cases[] = { { "", "the password is empty" }, { "\n", "the password is empty" },
		{ "\r\n", "the password is empty" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample sample;

		sample_make(&sample, WITH_LOGIN);
		sample_add(&sample, "password", cases[i].content, 0600);
		expect_error(&sample, cases[i].error);
		sample_remove(&sample);
	}
}
END_TEST

START_TEST(nul_octets)
{
	struct sample sample;
	FILE *file;

	sample_make(&sample, WITH_LOGIN);
	file = fopen(sample_add(&sample, "password", "", 0600), "w");
	ck_assert_uint_eq(fwrite("a\0b", 1, 3, file), 3);
	ck_assert_int_eq(fclose(file), 0);
	expect_error(&sample, "NUL");
	sample_remove(&sample);
}
END_TEST

START_TEST(length)
{
	struct sample sample;
	char text[4096 + 4] = "";

	sample_make(&sample, WITH_LOGIN);
	memset(text, 'x', 4096);
	sample_add(&sample, "password", text, 0600);
	expect_password(&sample, text);
	memcpy(text + 4096, "\r\n", 3);
	sample_add(&sample, "password", text, 0600);
	text[4096] = '\0';
	expect_password(&sample, text);
	memcpy(text + 4096, "x", 2);
	sample_add(&sample, "password", text, 0600);
	expect_error(&sample, "longer than 4096");
	memcpy(text + 4096, "xyz", 4);
	sample_add(&sample, "password", text, 0600);
	expect_error(&sample, "longer than 4096");
	sample_remove(&sample);
}
END_TEST

START_TEST(modes_that_others_can_use)
{
	static const mode_t modes[] = { 0604, 0602, 0601, 0644, 0666, 0660, 0620, 0610, 0677 };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct sample sample;
		char fix[160];

		sample_make(&sample, WITH_LOGIN);
		sample_add(&sample, "password", "secret", modes[i]);
		snprintf(fix, sizeof fix, "fix it with: chmod 600 %s/password", sample.directory);
		expect_error(&sample, fix);
		ck_assert_ptr_null(strstr(sample.errors.data, "secret"));
		sample_remove(&sample);
	}
}
END_TEST

START_TEST(modes_that_are_fine)
{
	static const mode_t modes[] = { 0600, 0400, 0700 };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct sample sample;

		sample_make(&sample, WITH_LOGIN);
		sample_add(&sample, "password", "secret", modes[i]);
		expect_password(&sample, "secret");
		sample_remove(&sample);
	}
}
END_TEST

/* root:postern 0640 is how a package would install it; alice:users 0640 is a leak. */
START_TEST(a_group_may_read_what_root_owns)
{
	struct sample sample;
	const char *file;

	sample_make(&sample, WITH_LOGIN);
	file = sample_add(&sample, "password", "secret", 0640);
	if (geteuid() != 0) {
		expect_error(&sample, "its group can read it");
	} else {
		expect_password(&sample, "secret");
		file = sample_add(&sample, "password", "secret", 0640);
		ck_assert_int_eq(chown(file, 12345, (gid_t)-1), 0);
		expect_error(&sample, "its group can read it");
	}
	sample_remove(&sample);
}
END_TEST

START_TEST(what_is_no_file)
{
	struct sample sample;
	char path[96];

	sample_make(&sample, WITH_LOGIN);
	expect_error(&sample, "No such file or directory");
	snprintf(path, sizeof path, "%s/password", sample.directory);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_error(&sample, "not a regular file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/", path), 0);
	expect_error(&sample, "not a regular file");
	sample_remove(&sample);
}
END_TEST

START_TEST(a_credential_goes_first)
{
	struct sample sample, credentials;

	sample_make(&sample, WITH_LOGIN);
	sample_make(&credentials, "");
	sample_add(&sample, "password", "of the file", 0600);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", credentials.directory, 1), 0);
	expect_password(&sample, "of the file");
	/* systemd gives it mode 0440 and keeps the directory to the service. */
	sample_add(&credentials, "password", "of systemd\n", 0444);
	expect_password(&sample, "of systemd");
	sample_add(&credentials, "password", "", 0444);
	ck_assert_ptr_null(load(&sample));
	ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	expect_password(&sample, "of the file");
	sample_remove(&sample);
	sample_remove(&credentials);
}
END_TEST

/* The same content from each source. */
START_TEST(variables_and_commands)
{
	static const char *const passwords[] = { "secret", " a \"b' #c\\ \t", "${HOME}",
		"p\xc3\xa4ssw\xc3\xb6rt" };

	for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
		struct sample sample;

		ck_assert_int_eq(setenv("TEST_PASSWORD", passwords[i], 1), 0);
		sample_make(
		    &sample, "upstream a { host = b.c username = u password_env = TEST_PASSWORD }");
		expect_password(&sample, passwords[i]);
		sample_remove(&sample);
		sample_make(&sample, "upstream a { host = b.c username = u\n"
				     "password_command = 'printf \"%s\\n\" \"$TEST_PASSWORD\"' }");
		expect_password(&sample, passwords[i]);
		sample_remove(&sample);
	}
	unsetenv("TEST_PASSWORD");
}
END_TEST

START_TEST(variables_and_commands_without_a_password)
{
	static const struct {
		const char *source, *error;
	} cases[] = {
		{ "password_env = TEST_UNSET", "password_env = TEST_UNSET: it is not set; needed" },
		{ "password_env = TEST_EMPTY", "password_env = TEST_EMPTY: the password is empty" },
		{ "password_command = true", "password_command: the password is empty" },
		{ "password_command = 'echo s3cret; echo why >&2; exit 2'",
		    "password_command: ended with status 2: why; needed: a command that prints" },
		{ "password_command = 'head -c 5000 /dev/zero'",
		    "password_command: it prints more than a password" },
	};

	setenv("TEST_EMPTY", "", 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample sample;
		char text[256];

		snprintf(text, sizeof text, "upstream a { host = b.c username = u\n%s }",
		    cases[i].source);
		sample_make(&sample, text);
		ck_assert_ptr_null(load(&sample));
		ck_assert_msg(
		    strstr(sample.errors.data, cases[i].error) != NULL, "%s", sample.errors.data);
		ck_assert_ptr_nonnull(strstr(sample.errors.data, "postern.conf:2: upstream"));
		ck_assert_ptr_null(strstr(sample.errors.data, "s3cret"));
		sample_remove(&sample);
	}
}
END_TEST

START_TEST(the_environment_is_scrubbed)
{
	struct sample sample;
	char variable[] = "TEST_PASSWORD=hunter2";

	ck_assert_int_eq(putenv(variable), 0);
	sample_make(&sample, "upstream a { host = b.c username = u password_env = TEST_PASSWORD }");

	struct config *config = sample_load(&sample);

	secrets_scrub_environment(config);
	ck_assert_ptr_null(getenv("TEST_PASSWORD"));
	ck_assert_int_eq(memcmp(variable, "TEST_PASSWORD=\0\0\0\0\0\0\0", 21), 0);
	secrets_scrub_environment(config);
	config_free(&config);
	sample_remove(&sample);
}
END_TEST

START_TEST(without_a_login_there_is_none)
{
	struct sample sample;

	sample_make(&sample, UPSTREAM);

	struct secrets *secrets = load(&sample);

	ck_assert_ptr_nonnull(secrets);
	ck_assert_uint_eq(secrets->count, 1);
	ck_assert_ptr_null(secrets->password[0]);
	secrets_free(&secrets);
	secrets_free(&secrets);
	sample_remove(&sample);
}
END_TEST

START_TEST(every_bad_file_is_told)
{
	struct sample sample;
	struct config *config;

	sample_make(&sample, "upstream a { host = a.b username = u password_file = x }\n"
			     "upstream b { host = a.b username = u password_file = good }\n"
			     "upstream c { host = a.b username = u password_file = y }\n");
	sample_add(&sample, "good", "secret", 0600);
	config = sample_load(&sample);
	ck_assert_ptr_null(secrets_load(config, &sample.errors));
	ck_assert_ptr_nonnull(strstr(sample.errors.data, ":1: upstream \"a\": password_file"));
	ck_assert_ptr_null(strstr(sample.errors.data, ":2: "));
	ck_assert_ptr_nonnull(strstr(sample.errors.data, ":3: upstream \"c\": password_file"));
	config_free(&config);
	sample_remove(&sample);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "content", content_is_taken_as_it_is, content_that_is_no_password,
	    nul_octets, length);
	add_tests(suite, "other sources", variables_and_commands,
	    variables_and_commands_without_a_password, the_environment_is_scrubbed);
	add_tests(suite, "files", modes_that_others_can_use, modes_that_are_fine,
	    a_group_may_read_what_root_owns, what_is_no_file, a_credential_goes_first,
	    without_a_login_there_is_none, every_bad_file_is_told);
}

UNIT_MAIN("config secret")
