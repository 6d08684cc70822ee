/* SPDX-License-Identifier: ISC */
/* test_log.c - what arrives on stderr, from which level on, and whole lines from many threads. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

/* Put a temporary file in the place of stderr; each test runs in a process of its own. */
static FILE *
capture_stderr(void)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
	return file;
}

static char *
captured(FILE *file)
{
	static char text[65536];

	rewind(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	return text;
}

START_TEST(writes_text_before_log_open)
{
	FILE *file = capture_stderr();

	log_info("started");
	log_debug("hidden");
	ck_assert_ptr_nonnull(strstr(captured(file), "Z info postern event=started\n"));
	ck_assert_ptr_null(strstr(captured(file), "hidden"));
}
END_TEST

START_TEST(writes_from_its_level_on)
{
	FILE *file = capture_stderr();

	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING, "master");
	ck_assert(log_wants(LOG_LEVEL_ERROR));
	ck_assert(!log_wants(LOG_LEVEL_INFO));
	log_error("one", log_d("n", 1));
	log_warning("two", log_s("why", NULL));
	log_info("three");
	ck_assert_ptr_nonnull(strstr(captured(file), " error master event=one n=1\n"));
	ck_assert_ptr_nonnull(strstr(captured(file), " warning master event=two why=\"\"\n"));
	ck_assert_ptr_null(strstr(captured(file), "three"));
}
END_TEST

START_TEST(writes_json)
{
	FILE *file = capture_stderr();

	log_open(LOG_TARGET_STDERR, LOG_FORMAT_JSON, LOG_LEVEL_DEBUG, "outbound");
	log_debug("tried", log_d("code", 250));
	ck_assert_int_eq(captured(file)[0], '{');
	ck_assert_ptr_nonnull(
	    strstr(captured(file), "\"process\":\"outbound\",\"event\":\"tried\",\"code\":250}\n"));
}
END_TEST

START_TEST(leaves_the_time_to_the_journal)
{
	FILE *file = capture_stderr();
	struct stat st;
	char stream[64];

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "master");
	log_warning("odd");
	ck_assert_str_eq(captured(file), "<4>master event=odd\n");
}
END_TEST

START_TEST(takes_a_stale_journal_stream_for_none)
{
	FILE *file = capture_stderr();

	setenv("JOURNAL_STREAM", "1:1", 1);
	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "master");
	log_info("usual");
	ck_assert_ptr_nonnull(strstr(captured(file), "Z info master event=usual\n"));
}
END_TEST

START_TEST(keeps_errno)
{
	capture_stderr();
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_error("full");
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

static void *
write_many(void *value)
{
	for (int i = 0; i < 25; i++)
		log_info("many", log_s("value", value));
	return NULL;
}

START_TEST(lines_of_threads_never_mix)
{
	FILE *file = capture_stderr();
	pthread_t threads[4];
	char values[4][300], *line, *rest;
	int lines = 0;

	for (size_t i = 0; i < 4; i++) {
		memset(values[i], (int)('a' + i), sizeof values[i]);
		values[i][sizeof values[i] - 1] = '\0';
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, values[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (rest = captured(file); (line = strsep(&rest, "\n")) != NULL && *line != '\0';
	     lines++) {
		const char *value = strstr(line, "value=");

		ck_assert_ptr_nonnull(value);
		value += strlen("value=");
		ck_assert_uint_eq(strlen(value), sizeof values[0] - 1);
		ck_assert_str_eq(value, values[*value - 'a']);
	}
	ck_assert_int_eq(lines, 100);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "stderr", writes_text_before_log_open, writes_from_its_level_on,
	    writes_json, keeps_errno, lines_of_threads_never_mix);
	add_tests(suite, "journal stream", leaves_the_time_to_the_journal,
	    takes_a_stale_journal_stream_for_none);
}

UNIT_MAIN("base/log")
