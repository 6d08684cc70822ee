/* SPDX-License-Identifier: ISC */
/*
 * fuzz_recode.c - content made fit for an upstream: however it is cut into pieces the result and
 * its length are the same, and in what came out nothing is left that could be changed.
 */
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "smtp/dot.h"
#include "smtp/recode.h"

/* The input as content is in the spool. */
static void
make_canonical(const uint8_t *data, size_t size, struct str *out)
{
	struct smtp_dot_decoder decoder;
	char *text = malloc(SMTP_DOT_DECODED_MAX(size)), end[4];
	size_t len;

	must(text != NULL);
	smtp_dot_decoder_init(&decoder, SMTP_DOT_PLAIN);
	smtp_dot_decode(&decoder, (const char *)data, size, text, &len);
	str_add(out, text, len);
	str_add(out, end, smtp_dot_finish(&decoder, end));
	free(text);
}

static void
feed(struct smtp_recoder *recoder, const struct str *in, size_t step)
{
	for (size_t at = 0; at < in->len; at += step)
		smtp_recoder_feed(
		    recoder, in->data + at, in->len - at < step ? in->len - at : step);
	must(smtp_recoder_end(recoder) == 0);
}

static void
recode(unsigned wants, const struct str *in, size_t step, struct str *out)
{
	struct smtp_recoder *recoder = smtp_recoder_new(wants);

	must(recoder != NULL);
	feed(recoder, in, step);
	smtp_recoder_write(recoder, NULL);
	feed(recoder, in, 1 + step / 2);

	uint64_t len = smtp_recoder_length(recoder);

	smtp_recoder_write(recoder, out);
	feed(recoder, in, step);
	must(out->len == len);
	smtp_recoder_free(&recoder);
}

static void
check_nothing_is_left(unsigned wants, const struct str *content)
{
	struct smtp_recoder *recoder = smtp_recoder_new(wants);

	must(recoder != NULL);
	feed(recoder, content, content->len + 1);
	must(!smtp_recoder_findings(recoder)->is_needed);
	smtp_recoder_free(&recoder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = STR_EMPTY, whole = STR_EMPTY, pieces = STR_EMPTY;

	if (size < 2)
		return 0;
	make_canonical(data + 2, size - 2, &in);
	recode(data[0] % 4, &in, in.len + 1, &whole);
	recode(data[0] % 4, &in, 1 + data[1], &pieces);
	must(whole.len == pieces.len);
	must(whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);
	check_nothing_is_left(data[0] % 4, &whole);
	str_free(&in);
	str_free(&whole);
	str_free(&pieces);
	return 0;
}
