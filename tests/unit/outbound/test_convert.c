/* SPDX-License-Identifier: ISC */
/* test_convert.c - content for an upstream without 8BITMIME: large content comes out as small
 * content does, by steps that are bounded. */
#include "outbound/convert.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit.h"
#include "config/config.h"
#include "outbound/delivery.h"
#include "queue/queue.h"
#include "smtp/capability.h"
#include "smtp/recode.h"
#include "spool/envelope.h"

#define HEADER "Subject: x\r\n\r\n"
#define LINE                 \
	"gr\xc3\xbc\xc3\x9f" \
	"e und so weiter\r\n"
#define SIGNED "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n" LINE "--s--\r\n"

enum { LINES = 20000, PIECES = (LINES * (sizeof LINE - 1)) / CONVERT_PIECE + 1 };

static const struct smtp_capabilities caps;
static const struct config_upstream upstream = { .name = (char[]){ "up" },
	.host = (char[]){ "h" } };
static struct queue_item item;
static struct envelope envelope;
static struct delivery_rcpt rcpt;
static struct delivery delivery;
static struct evbuffer *content; /* as it is stored */

static void
set_up(void)
{
	envelope = (struct envelope){ .body = ENVELOPE_8BITMIME, .nrcpt = 1 };
	rcpt = (struct delivery_rcpt){ .fate = RCPT_UNTRIED };
	content = evbuffer_new();
}

static void
tear_down(void)
{
	evbuffer_free(content);
	if (delivery.content != NULL)
		evbuffer_free(delivery.content);
	free(rcpt.reply);
}

static void
fill_lines(void)
{
	evbuffer_add(content, HEADER, strlen(HEADER));
	for (unsigned i = 0; i < LINES; i++)
		evbuffer_add(content, LINE, strlen(LINE));
}

/* A delivery of that content, in memory or in a file. */
static void
open_delivery(bool is_large)
{
	size_t len = evbuffer_get_length(content);

	delivery = (struct delivery){ .item = &item,
		.envelope = &envelope,
		.rcpt = &rcpt,
		.nrcpt = 1,
		.fd = -1,
		.stored_len = len,
		.content_len = len,
		.content = evbuffer_new() };
	if (!is_large) {
		evbuffer_add(delivery.content, evbuffer_pullup(content, -1), len);
		return;
	}
	delivery.fd = memfd_create("content", MFD_CLOEXEC);
	ck_assert_int_eq(write(delivery.fd, evbuffer_pullup(content, -1), len), (ssize_t)len);
}

/* What would be sent of the file, read in pieces. */
static void
send_file(struct evbuffer *out)
{
	struct evbuffer *piece = evbuffer_new();
	size_t len = evbuffer_get_length(content);

	while (len > 0) {
		len -= (size_t)evbuffer_remove_buffer(content, piece, len < 1000 ? len : 1000);
		ck_assert_int_eq(convert_piece(&delivery, piece, len == 0), 0);
		evbuffer_add_buffer(out, piece);
	}
	evbuffer_free(piece);
	smtp_recoder_free(&delivery.recoder);
	str_free(&delivery.recoded);
	close(delivery.fd);
}

START_TEST(large_content_is_the_same_by_bounded_steps)
{
	struct evbuffer *large = evbuffer_new();
	struct conversion *conversion;
	unsigned steps = 1;

	fill_lines();
	open_delivery(true);
	conversion = convert_begin(&delivery, &caps, &upstream);
	ck_assert_ptr_nonnull(conversion);
	while (convert_step(conversion))
		steps++;
	convert_free(&conversion);
	ck_assert_uint_eq(steps, 2 * PIECES);

	uint64_t told = delivery.content_len;

	evbuffer_free(delivery.content);
	send_file(large);
	ck_assert_uint_eq(evbuffer_get_length(large), told);

	fill_lines();
	open_delivery(false);
	ck_assert_ptr_null(convert_begin(&delivery, &caps, &upstream));
	ck_assert_uint_eq(delivery.content_len, told);
	ck_assert_uint_eq(evbuffer_get_length(delivery.content), told);
	ck_assert_int_eq(
	    memcmp(evbuffer_pullup(delivery.content, -1), evbuffer_pullup(large, -1), told), 0);
	evbuffer_free(large);
}
END_TEST

START_TEST(what_cannot_be_encoded_fails_at_once)
{
	evbuffer_add(content, SIGNED, strlen(SIGNED));
	open_delivery(false);
	ck_assert_ptr_null(convert_begin(&delivery, &caps, &upstream));
	ck_assert_int_eq(rcpt.fate, RCPT_UNABLE);
	ck_assert_str_eq(rcpt.enhanced, "5.6.3");
}
END_TEST

START_TEST(a_file_that_is_cut_short_is_tried_later)
{
	struct conversion *conversion;

	fill_lines();
	open_delivery(true);
	ck_assert_int_eq(ftruncate(delivery.fd, CONVERT_PIECE), 0);
	conversion = convert_begin(&delivery, &caps, &upstream);
	ck_assert(convert_step(conversion));
	ck_assert(!convert_step(conversion));
	convert_free(&conversion);
	ck_assert_int_eq(rcpt.fate, RCPT_DEFERRED);
	close(delivery.fd);
}
END_TEST

START_TEST(what_is_fit_is_left_alone)
{
	envelope.body = ENVELOPE_7BIT;
	fill_lines();
	open_delivery(false);
	ck_assert_ptr_null(convert_begin(&delivery, &caps, &upstream));
	ck_assert_uint_eq(evbuffer_get_length(delivery.content), delivery.stored_len);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *convert = tcase_create("convert");

	tcase_add_checked_fixture(convert, set_up, tear_down);
	tcase_add_test(convert, large_content_is_the_same_by_bounded_steps);
	tcase_add_test(convert, what_cannot_be_encoded_fails_at_once);
	tcase_add_test(convert, a_file_that_is_cut_short_is_tried_later);
	tcase_add_test(convert, what_is_fit_is_left_alone);
	suite_add_tcase(suite, convert);
}

UNIT_MAIN("outbound/convert")
