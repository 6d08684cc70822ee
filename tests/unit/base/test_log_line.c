/* SPDX-License-Identifier: ISC */
/* test_log_line.c - lines stay lines, and JSON stays JSON, whatever a peer sends. */
#include "base/log_line.h"

#include <jansson.h>
#include <string.h>

#include "unit.h"

static const struct log_field none[] = { { .key = NULL } };

static struct log_event
event_of(const struct log_field *fields)
{
	return (struct log_event){ .real_ms = 1795468684123,
		.level = LOG_LEVEL_INFO,
		.process = "listener",
		.event = "accepted",
		.fields = fields };
}

static json_t *
json_of(const struct log_field *fields)
{
	const struct log_event event = event_of(fields);
	char line[LOG_LINE_SIZE];
	json_error_t error;
	size_t len = log_line_json(&event, -1, line);
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(object != NULL, "%s: %.*s", error.text, (int)len, line);
	ck_assert_int_eq(line[len - 1], '\n');
	ck_assert_ptr_null(memchr(line, '\n', len - 1));
	return object;
}

START_TEST(text_form)
{
	const struct log_field fields[] = { log_s("id", "01"), log_d("size", -4096),
		{ .key = NULL } };
	const struct log_event event = event_of(fields);
	static const char want[] =
	    "2026-11-23T21:18:04.123Z info listener event=accepted id=01 size=-4096\n";
	char line[LOG_LINE_SIZE];

	ck_assert_uint_eq(log_line_text(&event, line), sizeof want - 1);
	ck_assert_mem_eq(line, want, sizeof want - 1);
}
END_TEST

START_TEST(text_without_time)
{
	const struct log_event event = event_of(none);
	char line[LOG_LINE_SIZE];

	ck_assert_uint_eq(log_line_plain(&event, 6, line), 27);
	ck_assert_mem_eq(line, "<6>listener event=accepted\n", 27);
	ck_assert_uint_eq(log_line_plain(&event, -1, line), 24);
}
END_TEST

static const struct {
	const char *value, *text;
} quoted[] = {
	{ "plain@example.com", "k=plain@example.com" }, { "", "k=\"\"" },
	{ "two words", "k=\"two words\"" }, { "say \"hi\"", "k=\"say \\\"hi\\\"\"" },
	{ "back\\slash", "k=\"back\\\\slash\"" },
	{ "a\r\nevent=delivered", "k=\"a\\x0d\\x0aevent=delivered\"" },
	{ "\x1b[2J", "k=\"\\x1b[2J\"" }, { "\x7f", "k=\"\\x7f\"" },
	{ "gr\xc3\xbc\xc3\x9f", "k=gr\xc3\xbc\xc3\x9f" },
	{ "\xf0\x9f\x93\xa7", "k=\xf0\x9f\x93\xa7" },
	{ "\xc2\x9b", "k=\"\\xc2\\x9b\"" },                   /* a C1 control */
	{ "\xff", "k=\"\\xff\"" },                            /* no octet of UTF-8 */
	{ "\xc0\xaf", "k=\"\\xc0\\xaf\"" },                   /* overlong */
	{ "\xe0\x80\xaf", "k=\"\\xe0\\x80\\xaf\"" },          /* overlong */
	{ "\xed\xa0\x80", "k=\"\\xed\\xa0\\x80\"" },          /* a surrogate */
	{ "\xf4\x90\x80\x80", "k=\"\\xf4\\x90\\x80\\x80\"" }, /* beyond U+10FFFF */
	{ "\xe2\x82", "k=\"\\xe2\\x82\"" },                   /* cut off */
};

START_TEST(text_values_are_quoted_when_they_need_it)
{
	const struct log_field fields[] = { log_s("k", quoted[_i].value), { .key = NULL } };
	const struct log_event event = event_of(fields);
	char line[LOG_LINE_SIZE];
	size_t len = log_line_plain(&event, -1, line), head = strlen("listener event=accepted ");

	ck_assert_uint_eq(len, head + strlen(quoted[_i].text) + 1);
	ck_assert_mem_eq(line + head, quoted[_i].text, strlen(quoted[_i].text));
}
END_TEST

START_TEST(json_form)
{
	const struct log_field fields[] = { log_s("from", "a\"b\\c\r\n\x01"), log_d("n", INT64_MIN),
		{ .key = NULL } };
	json_t *object = json_of(fields);

	ck_assert_str_eq(
	    json_string_value(json_object_get(object, "time")), "2026-11-23T21:18:04.123Z");
	ck_assert_str_eq(json_string_value(json_object_get(object, "level")), "info");
	ck_assert_str_eq(json_string_value(json_object_get(object, "process")), "listener");
	ck_assert_str_eq(json_string_value(json_object_get(object, "event")), "accepted");
	ck_assert_str_eq(json_string_value(json_object_get(object, "from")), "a\"b\\c\r\n\x01");
	ck_assert_int_eq(json_integer_value(json_object_get(object, "n")), INT64_MIN);
	json_decref(object);
}
END_TEST

START_TEST(json_holds_any_octet)
{
	char value[256];

	for (int i = 0; i < 255; i++)
		value[i] = (char)(i + 1);
	value[255] = '\0';

	const struct log_field fields[] = { log_s("k", value), { .key = NULL } };
	json_t *object = json_of(fields);
	const char *text = json_string_value(json_object_get(object, "k"));

	ck_assert_mem_eq(text, value, 127);
	ck_assert_mem_eq(text + 127, "\xef\xbf\xbd", 3); /* U+FFFD for 0x80 */
	json_decref(object);
}
END_TEST

START_TEST(a_long_value_is_cut_and_marked)
{
	char value[3 * LOG_VALUE_MAX];

	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';

	const struct log_field fields[] = { log_s("k", value), log_s("after", "kept"),
		{ .key = NULL } };
	json_t *object = json_of(fields);
	const char *text = json_string_value(json_object_get(object, "k"));

	ck_assert_uint_eq(strlen(text), LOG_VALUE_MAX + 3);
	ck_assert_str_eq(text + LOG_VALUE_MAX, "...");
	ck_assert_str_eq(json_string_value(json_object_get(object, "after")), "kept");
	json_decref(object);
}
END_TEST

START_TEST(a_line_is_bounded_at_any_fill)
{
	static const char pattern[] = "a\x01\xff\"\xf0\x9f\x93\xa7 ";
	char value[LOG_LINE_SIZE];

	for (size_t i = 0; i < sizeof value - 1; i++)
		value[i] = pattern[i % (sizeof pattern - 1)];
	value[sizeof value - 1] = '\0';
	for (size_t cut = 0; cut < 64; cut++) {
		struct log_field fields[8] = { 0 };
		char keys[7][2], line[LOG_LINE_SIZE];

		for (size_t i = 0; i < 7; i++) {
			keys[i][0] = (char)('a' + i);
			keys[i][1] = '\0';
			fields[i] = log_s(keys[i], i == 3 ? value + sizeof value - 1 - cut : value);
		}
		json_decref(json_of(fields));

		const struct log_event event = event_of(fields);
		size_t len = log_line_text(&event, line);

		ck_assert_uint_le(len, LOG_LINE_SIZE);
		ck_assert_int_eq(line[len - 1], '\n');
		ck_assert_int_eq(line[len - 2], '"');
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *quoting = tcase_create("quoting");

	add_tests(suite, "text", text_form, text_without_time);
	tcase_add_loop_test(
	    quoting, text_values_are_quoted_when_they_need_it, 0, sizeof quoted / sizeof *quoted);
	suite_add_tcase(suite, quoting);
	add_tests(suite, "json", json_form, json_holds_any_octet);
	add_tests(suite, "bounds", a_long_value_is_cut_and_marked, a_line_is_bounded_at_any_fill);
}

UNIT_MAIN("base/log_line")
