/* SPDX-License-Identifier: ISC */
/*
 * transfer.c - mostly octet by octet, since each may end a line.  A line that is cut gets room for
 * the "=" that says so; a space at the end of a line is written as "=20" (RFC 2045 6.7 (3)).
 */
#include "smtp/transfer.h"

#include <stdbool.h>
#include <string.h>

struct writing {
	struct smtp_transfer_encoder *encoder;
	char *out;
	size_t len;
};

static void
put(struct writing *w, const char *text, size_t len)
{
	memcpy(w->out + w->len, text, len);
	w->len += len;
	w->encoder->column += (unsigned)len;
}

static void
end_line(struct writing *w)
{
	put(w, "\r\n", 2);
	w->encoder->column = 0;
}

/*
 * Octets that must not be torn apart, in a line of quoted-printable.  A line that we begin does not
 * look like the boundary of a multipart.
 */
static void
put_token(struct writing *w, const char *text, size_t len)
{
	if (w->encoder->column + len >= SMTP_TRANSFER_LINE_MAX) {
		put(w, "=", 1);
		end_line(w);
		if (text[0] == '-') {
			put(w, "=2D", 3);
			return;
		}
	}
	put(w, text, len);
}

static void
put_escaped(struct writing *w, char octet)
{
	static const char hex[] = "0123456789ABCDEF";
	const char token[] = { '=', hex[(unsigned char)octet >> 4], hex[octet & 15] };

	put_token(w, token, sizeof token);
}

static bool
is_space(char octet)
{
	return octet == ' ' || octet == '\t';
}

/* Whether it stands for itself, at least within a line. */
static bool
is_plain(char octet)
{
	return (octet >= ' ' && octet <= '~' && octet != '=') || octet == '\t';
}

static void
put_quoted(struct writing *w, char octet)
{
	if (is_plain(octet))
		put_token(w, &octet, 1);
	else
		put_escaped(w, octet);
}

/* The token is a space that may stand at the end of its line. */
static void
quote(struct writing *w, char octet)
{
	struct smtp_transfer_encoder *e = w->encoder;

	if (octet == '\r')
		return;
	if (e->token_len > 0 && octet == '\n')
		put_escaped(w, e->token[0]);
	else if (e->token_len > 0)
		put_quoted(w, e->token[0]);
	e->token_len = 0;
	if (octet == '\n')
		end_line(w);
	else if (is_space(octet))
		e->token[e->token_len++] = octet;
	else
		put_quoted(w, octet);
}

/* Most of a text: octets up to one that is not plain, or that may end the line.  Returns how many.
 */
static size_t
quote_run(struct writing *w, const char *in, size_t len)
{
	size_t run = 0, done = 0;

	if (w->encoder->token_len > 0 || is_space(in[0]))
		return 0;
	while (run < len && is_plain(in[run]))
		run++;
	while (run > 0 && is_space(in[run - 1]))
		run--;
	while (done < run) {
		put_token(w, in + done++, 1);

		size_t room = SMTP_TRANSFER_LINE_MAX - 1 - w->encoder->column;
		size_t more = run - done < room ? run - done : room;

		put(w, in + done, more);
		done += more;
	}
	return run;
}

/* The token begins nothing: its "=" stands for itself, whatever comes behind it. */
static void
put_stray(struct writing *w)
{
	struct smtp_transfer_encoder *e = w->encoder;

	for (size_t i = 0; i < e->token_len; i++)
		put_quoted(w, e->token[i]);
	e->token_len = 0;
}

/* The token is the begin of "=3D", or of a "=" at the end of its line. */
static void
wrap_quoted(struct writing *w, char octet)
{
	struct smtp_transfer_encoder *e = w->encoder;

	if (octet == '\r')
		return;
	if (octet == '\n') {
		put(w, e->token, e->token_len);
		e->token_len = 0;
		end_line(w);
	} else if ((unsigned char)octet >= 0x80) {
		put_stray(w);
		put_escaped(w, octet);
	} else if (e->token_len == 0 && octet != '=') {
		put_token(w, &octet, 1);
	} else {
		e->token[e->token_len++] = octet;
		if (e->token_len < sizeof e->token)
			return;
		put_token(w, e->token, e->token_len);
		e->token_len = 0;
	}
}

static void
wrap_base64(struct writing *w, char octet)
{
	if (octet == '\r' || octet == '\n' || is_space(octet))
		return;
	put(w, &octet, 1);
	if (w->encoder->column == SMTP_TRANSFER_LINE_MAX)
		end_line(w);
}

size_t
smtp_transfer_encode(struct smtp_transfer_encoder *encoder, const char *in, size_t len, char *out)
{
	static void (*const encode[])(struct writing *, char) = {
		[SMTP_TRANSFER_QUOTE] = quote,
		[SMTP_TRANSFER_WRAP_QUOTED] = wrap_quoted,
		[SMTP_TRANSFER_WRAP_BASE64] = wrap_base64,
	};
	struct writing w = { encoder, out, 0 };

	if (encoder->way == SMTP_TRANSFER_DROP)
		return 0;
	if (encoder->way == SMTP_TRANSFER_KEEP) {
		memcpy(out, in, len);
		return len;
	}
	for (size_t i = 0; i < len;) {
		size_t run =
		    encoder->way == SMTP_TRANSFER_QUOTE ? quote_run(&w, in + i, len - i) : 0;

		if (run == 0)
			encode[encoder->way](&w, in[i++]);
		i += run;
	}
	return w.len;
}

size_t
smtp_transfer_end(struct smtp_transfer_encoder *encoder, char out[SMTP_TRANSFER_MAX(0)])
{
	struct writing w = { encoder, out, 0 };

	if (encoder->way != SMTP_TRANSFER_KEEP && encoder->way != SMTP_TRANSFER_DROP &&
	    encoder->column > 0)
		end_line(&w);
	*encoder = (struct smtp_transfer_encoder){ .way = encoder->way };
	return w.len;
}
