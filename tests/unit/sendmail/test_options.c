/* SPDX-License-Identifier: ISC */
/* test_options.c - command lines that programs really use. */
#include "sendmail/options.h"

#include <string.h>
#include <unistd.h>

#include "unit.h"

enum { ARGS_MAX = 8 };

static struct options options;
static char words[256];
static char *args[ARGS_MAX + 1];

/* Parse a command line of words that spaces part. */
static int
parse(const char *line)
{
	char *at = words;
	int count = 0;

	ck_assert_uint_lt(strlen(line), sizeof words);
	memcpy(words, line, strlen(line) + 1);
	for (char *word; (word = strsep(&at, " ")) != NULL && count < ARGS_MAX;)
		args[count++] = word;
	args[count] = NULL;
	optind = 0; /* glibc: begin anew */
	return options_parse(count, args, &options);
}

struct line_case {
	const char *line;
	enum sendmail_mode mode;
	bool in_header, dot_is_text;
	const char *sender;
	size_t nrecipient;
};

static const struct line_case lines[] = {
	{ "sendmail a@b", MODE_DELIVER, false, false, NULL, 1 },
	{ "/usr/sbin/sendmail -t -i", MODE_DELIVER, true, true, NULL, 0 },
	{ "sendmail -ti", MODE_DELIVER, true, true, NULL, 0 },
	{ "sendmail -oi -oem -odb -f s@x a b", MODE_DELIVER, false, true, "s@x", 2 },
	{ "sendmail -FCronDaemon -i -B8BITMIME -oem root", MODE_DELIVER, false, true, NULL, 1 },
	{ "sendmail -fs@x -- -a@b", MODE_DELIVER, false, false, "s@x", 1 },
	{ "sendmail -r s@x a", MODE_DELIVER, false, false, "s@x", 1 },
	{ "sendmail -f <> a", MODE_DELIVER, false, false, "<>", 1 },
	{ "sendmail -N failure,delay -R hdrs -V id1 a", MODE_DELIVER, false, false, NULL, 1 },
	{ "sendmail -bs", MODE_SMTP, false, false, NULL, 0 },
	{ "sendmail -bp", MODE_QUEUE, false, false, NULL, 0 },
	{ "/usr/bin/mailq", MODE_QUEUE, false, false, NULL, 0 },
	{ "newaliases", MODE_NOTHING, false, false, NULL, 0 },
	{ "sendmail -bi", MODE_NOTHING, false, false, NULL, 0 },
	{ "sendmail -I", MODE_NOTHING, false, false, NULL, 0 },
	{ "sendmail -q", MODE_NOTHING, false, false, NULL, 0 },
	{ "sendmail -q30m", MODE_NOTHING, false, false, NULL, 0 },
	{ "sendmail --version", MODE_VERSION, false, false, NULL, 0 },
	{ "sendmail --help", MODE_USAGE, false, false, NULL, 0 },
	{ "sendmail -- --help", MODE_DELIVER, false, false, NULL, 1 },
};

START_TEST(takes_the_line)
{
	const struct line_case *c = &lines[_i];

	ck_assert_msg(parse(c->line) == 0, "%s", c->line);
	ck_assert_msg(options.mode == c->mode, "%s: mode %d", c->line, options.mode);
	if (c->mode != MODE_DELIVER)
		return;
	ck_assert(options.recipients_in_header == c->in_header);
	ck_assert(options.dot_is_text == c->dot_is_text);
	ck_assert_uint_eq(options.nrecipient, c->nrecipient);
	ck_assert_pstr_eq(options.sender, c->sender);
}
END_TEST

static const char *const refused[] = {
	"sendmail -bd",
	"sendmail -bv a",
	"sendmail -B BINARYMIME a",
	"sendmail -N sometimes a",
	"sendmail -N never,delay a",
	"sendmail -N failure, a",
	"sendmail -R all a",
	"sendmail -V a=b a",
	"sendmail -V x\r\nRSET a",
	"sendmail -f",
	"sendmail -Z a",
};

START_TEST(refuses_the_line)
{
	ck_assert_msg(parse(refused[_i]) == -1, "%s", refused[_i]);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, takes_the_line, 0, sizeof lines / sizeof *lines);
	tcase_add_loop_test(table, refuses_the_line, 0, sizeof refused / sizeof *refused);
	suite_add_tcase(suite, table);
}

UNIT_MAIN("options")
