/* SPDX-License-Identifier: ISC */
/*
 * parameter.c - a parameter is one row of a table and one function that reads its value.
 * Each row is taken at most once, which bounds what a client can send.
 */
#include "smtp/parameter.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "smtp/extension.h"
#include "smtp/xtext.h"

/* What a parameter's function gets.  value is NULL when there is no "=". */
struct value {
	const char *text;
	size_t len;
	unsigned offered;
};

struct parameter {
	const char *keyword;
	unsigned extension;
	const struct smtp_status *(*read)(const struct value *value, void *out);
};

struct argument {
	const char *at;
	const char *end;
	unsigned offered;
};

static const struct smtp_status bad_parameter = { 501, "5.5.4", "Malformed parameter" };
static const struct smtp_status bad_value = { 501, "5.5.4", "Bad value of a parameter" };
static const struct smtp_status two_holds = { 501, "5.5.4",
	"Either HOLDFOR or HOLDUNTIL, not both" };
static const struct smtp_status twice = { 501, "5.5.4", "Parameter given twice" };
static const struct smtp_status unknown = { 555, "5.5.4", "Parameter not recognized" };

static bool
value_is(const struct value *value, const char *word)
{
	return value->text != NULL && strlen(word) == value->len &&
	       strncasecmp(word, value->text, value->len) == 0;
}

/* Keep a value of at most max octets in out. */
static const struct smtp_status *
copy_value(const struct value *value, char *out, size_t max)
{
	if (value->text == NULL || value->len == 0 || value->len > max)
		return &bad_value;
	memcpy(out, value->text, value->len);
	out[value->len] = '\0';
	return NULL;
}

/* RFC 1870 3: 1 to 20 digits; what does not fit is too large in any case. */
static const struct smtp_status *
read_size(const struct value *value, void *out)
{
	struct smtp_mail *mail = out;
	uint64_t size = 0;

	if (value->text == NULL || value->len == 0 || value->len > 20)
		return &bad_value;
	for (size_t i = 0; i < value->len; i++) {
		if (value->text[i] < '0' || value->text[i] > '9')
			return &bad_value;

		uint64_t digit = (uint64_t)(value->text[i] - '0');

		size = size > (UINT64_MAX - digit) / 10 ? UINT64_MAX : size * 10 + digit;
	}
	mail->size = size;
	mail->has_size = true;
	return NULL;
}

/* RFC 6152, RFC 3030. */
static const struct smtp_status *
read_body(const struct value *value, void *out)
{
	struct smtp_mail *mail = out;

	if (value_is(value, "7BIT"))
		mail->body = SMTP_BODY_7BIT;
	else if (value_is(value, "8BITMIME"))
		mail->body = SMTP_BODY_8BITMIME;
	else if (value_is(value, "BINARYMIME") && (value->offered & SMTP_EXT_BINARYMIME))
		mail->body = SMTP_BODY_BINARYMIME;
	else
		return &bad_value;
	return NULL;
}

/* RFC 6531 3.4. */
static const struct smtp_status *
read_smtputf8(const struct value *value, void *out)
{
	((struct smtp_mail *)out)->smtputf8 = true;
	return value->text == NULL ? NULL : &bad_value;
}

/* RFC 8689 2. */
static const struct smtp_status *
read_requiretls(const struct value *value, void *out)
{
	((struct smtp_mail *)out)->requiretls = true;
	return value->text == NULL ? NULL : &bad_value;
}

/* RFC 6710 4.1: -9 to 9, no sign before the others. */
static const struct smtp_status *
read_mt_priority(const struct value *value, void *out)
{
	struct smtp_mail *mail = out;
	bool is_negative = value->text != NULL && value->text[0] == '-';
	size_t digits = value->len - is_negative;

	if (value->text == NULL || digits != 1)
		return &bad_value;

	int digit = value->text[value->len - 1] - '0';

	if (digit < (is_negative ? 1 : 0) || digit > 9)
		return &bad_value;
	mail->priority = is_negative ? -digit : digit;
	mail->has_priority = true;
	return NULL;
}

/* RFC 4865 4: up to 9 digits, and no 0 before others. */
static const struct smtp_status *
read_holdfor(const struct value *value, void *out)
{
	struct smtp_mail *mail = out;
	uint32_t seconds = 0;

	if (mail->hold_until_ms != 0)
		return &two_holds;
	if (value->text == NULL || value->len > 9 || value->text[0] == '0')
		return &bad_value;
	for (size_t i = 0; i < value->len; i++) {
		if (value->text[i] < '0' || value->text[i] > '9')
			return &bad_value;
		seconds = seconds * 10 + (uint32_t)(value->text[i] - '0');
	}
	mail->hold_for_s = seconds;
	return NULL;
}

/* RFC 4865 4, RFC 3339 5.6. */
static const struct smtp_status *
read_holduntil(const struct value *value, void *out)
{
	struct smtp_mail *mail = out;

	if (mail->hold_for_s != 0)
		return &two_holds;
	if (value->text == NULL ||
	    parse_date_time(value->text, value->len, &mail->hold_until_ms) < 0)
		return &bad_value;
	return NULL;
}

/* RFC 3461 4.3. */
static const struct smtp_status *
read_ret(const struct value *value, void *out)
{
	struct smtp_mail *mail = out;

	if (value_is(value, "FULL"))
		mail->ret = SMTP_RET_FULL;
	else if (value_is(value, "HDRS"))
		mail->ret = SMTP_RET_HDRS;
	else
		return &bad_value;
	return NULL;
}

/* RFC 3461 4.4. */
static const struct smtp_status *
read_envid(const struct value *value, void *out)
{
	struct smtp_mail *mail = out;

	if (value->text != NULL && !smtp_xtext_is_valid(value->text, value->len))
		return &bad_value;
	return copy_value(value, mail->envid, SMTP_ENVID_MAX);
}

/* RFC 4954 5: checked, and as good as "<>", since nobody is trusted with it. */
static const struct smtp_status *
read_auth(const struct value *value, void *out)
{
	(void)out;
	if (value->text == NULL || !smtp_xtext_is_valid(value->text, value->len))
		return &bad_value;
	return NULL;
}

/* RFC 3461 4.1: "NEVER" alone, or any of the others. */
static const struct smtp_status *
read_notify(const struct value *value, void *out)
{
	unsigned *notify = &((struct smtp_rcpt *)out)->notify;

	if (value->text == NULL || smtp_notify_parse(value->text, value->len, notify) < 0)
		return &bad_value;
	return NULL;
}

static const struct smtp_status *
read_orcpt(const struct value *value, void *out)
{
	struct smtp_rcpt *rcpt = out;
	bool takes_utf8 = (value->offered & SMTP_EXT_SMTPUTF8) != 0;

	if (value->text == NULL ||
	    smtp_orcpt_parse(value->text, value->len, takes_utf8, rcpt->orcpt) < 0)
		return &bad_value;
	return NULL;
}

static const struct parameter mail_parameters[] = {
	{ "SIZE", SMTP_EXT_SIZE, read_size },
	{ "BODY", SMTP_EXT_8BITMIME, read_body },
	{ "SMTPUTF8", SMTP_EXT_SMTPUTF8, read_smtputf8 },
	{ "RET", SMTP_EXT_DSN, read_ret },
	{ "ENVID", SMTP_EXT_DSN, read_envid },
	{ "AUTH", SMTP_EXT_AUTH, read_auth },
	{ "MT-PRIORITY", SMTP_EXT_MT_PRIORITY, read_mt_priority },
	{ "REQUIRETLS", SMTP_EXT_REQUIRETLS, read_requiretls },
	{ "HOLDFOR", SMTP_EXT_FUTURERELEASE, read_holdfor },
	{ "HOLDUNTIL", SMTP_EXT_FUTURERELEASE, read_holduntil },
	{ NULL, 0, NULL },
};

static const struct parameter rcpt_parameters[] = {
	{ "NOTIFY", SMTP_EXT_DSN, read_notify },
	{ "ORCPT", SMTP_EXT_DSN, read_orcpt },
	{ NULL, 0, NULL },
};

static bool
is_keyword_octet(char octet)
{
	return (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') ||
	       (octet >= 'a' && octet <= 'z') || octet == '-';
}

/* RFC 5321 4.1.2, and what is beyond ASCII (RFC 6533 3). */
static bool
is_value_octet(char octet)
{
	unsigned char code = (unsigned char)octet;

	return code > ' ' && code != 0x7F && code != '=';
}

/* Take "KEYWORD" or "KEYWORD=value" off the argument. */
static const struct smtp_status *
take_parameter(struct argument *argument, struct value *keyword, struct value *value)
{
	const char *at = argument->at;

	*value = (struct value){ NULL, 0, argument->offered };
	*keyword = (struct value){ at, 0, 0 };
	while (at < argument->end && is_keyword_octet(*at))
		at++;
	keyword->len = (size_t)(at - keyword->text);
	if (at < argument->end && *at == '=') {
		value->text = ++at;
		while (at < argument->end && is_value_octet(*at))
			at++;
		value->len = (size_t)(at - value->text);
	}
	argument->at = at;
	if (keyword->len == 0 || *keyword->text == '-' || (value->text != NULL && value->len == 0))
		return &bad_parameter;
	return at == argument->end || *at == ' ' ? NULL : &bad_parameter;
}

static const struct smtp_status *
read_parameters(struct argument *argument, const struct parameter *table, void *out)
{
	unsigned seen = 0;

	for (;;) {
		struct value keyword, value;
		const struct smtp_status *status;
		size_t row = 0;

		while (argument->at < argument->end && *argument->at == ' ')
			argument->at++;
		if (argument->at == argument->end)
			return NULL;
		if ((status = take_parameter(argument, &keyword, &value)) != NULL)
			return status;
		while (table[row].keyword != NULL && !value_is(&keyword, table[row].keyword))
			row++;
		if (table[row].keyword == NULL || !(table[row].extension & argument->offered))
			return &unknown;
		if (seen & (1u << row))
			return &twice;
		seen |= 1u << row;
		if ((status = table[row].read(&value, out)) != NULL)
			return status;
	}
}

const struct smtp_status *
smtp_mail_parameters(const char *text, size_t len, unsigned offered, struct smtp_mail *out)
{
	struct argument argument = { text, text + len, offered };

	return read_parameters(&argument, mail_parameters, out);
}

const struct smtp_status *
smtp_rcpt_parameters(const char *text, size_t len, unsigned offered, struct smtp_rcpt *out)
{
	struct argument argument = { text, text + len, offered };

	return read_parameters(&argument, rcpt_parameters, out);
}
