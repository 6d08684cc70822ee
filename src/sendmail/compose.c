/* SPDX-License-Identifier: ISC */
/* compose.c - see compose.h. */
#include "sendmail/compose.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "sendmail/addresses.h"
#include "sendmail/input.h"
#include "sendmail/options.h"
#include "sendmail/qualify.h"

enum { RECIPIENTS_MAX = 100000, HEADER_MAX = 16 * 1024 * 1024 };

struct recipients {
	char **mailbox;
	size_t count;
};

struct composing {
	const struct options *options;
	const char *domain;
	struct draft *draft;
	struct recipients plain, resent; /* in the header, of the message and of its resending */
	bool has_from, is_resent;
};

/* Control octets would end the command that the text goes into. */
static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return true;
	return false;
}

static int
add_mailbox(void *ctx, const char *mailbox, const char *end)
{
	struct recipients *to = ctx;

	(void)end;
	if (to->count == RECIPIENTS_MAX || has_control(mailbox))
		return -1;
	to->mailbox = xreallocarray(to->mailbox, to->count + 1, sizeof *to->mailbox);
	to->mailbox[to->count++] = xstrdup(mailbox);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Move all to the draft, and drop those that are there twice: To and Cc often name the same. */
static void
take_mailboxes(struct draft *draft, struct recipients *from)
{
	size_t count = draft->nrecipient + from->count, kept = 0;

	if (from->count == 0)
		return;
	draft->recipient = xreallocarray(draft->recipient, count, sizeof *draft->recipient);
	memcpy(draft->recipient + draft->nrecipient, from->mailbox,
	    from->count * sizeof *from->mailbox);
	qsort(draft->recipient, count, sizeof *draft->recipient, compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && strcmp(draft->recipient[kept - 1], draft->recipient[i]) == 0)
			free(draft->recipient[i]);
		else
			draft->recipient[kept++] = draft->recipient[i];
	}
	draft->nrecipient = kept;
	from->count = 0;
}

static void
free_mailboxes(struct recipients *recipients)
{
	for (size_t i = 0; i < recipients->count; i++)
		free(recipients->mailbox[i]);
	free(recipients->mailbox);
}

static bool
is_field(const char *field, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(field, name, len) == 0 && field[len + strspn(field + len, " \t")] == ':';
}

/* The length of a field's name when the line begins a header field, else 0. */
static size_t
field_name_len(const char *line)
{
	size_t len = 0;

	while (line[len] > ' ' && line[len] < 127 && line[len] != ':')
		len++;
	return line[len + strspn(line + len, " \t")] == ':' ? len : 0;
}

static int
take_recipients(struct recipients *to, const char *field)
{
	const char *value = strchr(field, ':') + 1;

	if (addresses_each(value, strlen(value), add_mailbox, to) == 0)
		return EX_OK;
	fprintf(stderr, "postern-sendmail: cannot make out the recipients in: %s", field);
	return EX_DATAERR;
}

/* A whole field, with its continuation lines: note what it says, keep it or not. */
static int
take_field(struct composing *composing, const char *field, size_t len)
{
	static const struct {
		const char *name;
		bool resent, hidden;
	} to[] = {
		{ "To", false, false },
		{ "Cc", false, false },
		{ "Bcc", false, true },
		{ "Resent-To", true, false },
		{ "Resent-Cc", true, false },
		{ "Resent-Bcc", true, true },
	};
	bool wants = composing->options->recipients_in_header;
	bool hidden = false;
	int result = EX_OK;

	composing->has_from |= is_field(field, "From");
	for (size_t i = 0; wants && result == EX_OK && i < sizeof to / sizeof *to; i++) {
		if (!is_field(field, to[i].name))
			continue;
		composing->is_resent |= to[i].resent;
		hidden |= to[i].hidden;
		result =
		    take_recipients(to[i].resent ? &composing->resent : &composing->plain, field);
	}
	if (!hidden)
		qualify_field(&composing->draft->header, field, len, composing->domain);
	return result;
}

/* Read the header section, a field at a time; the body's first line stays in the input. */
static int
read_header(struct composing *composing, struct input *input)
{
	struct str field = STR_EMPTY;
	int result = EX_OK;
	ssize_t len;
	bool first = true;

	while ((len = input_line(input)) > 0 && result == EX_OK) {
		bool blank = strspn(input->line, "\r\n") == (size_t)len;
		bool continues =
		    field.len > 0 && (*input->line == ' ' || *input->line == '\t') && !blank;

		if (first && strncmp(input->line, "From ", 5) == 0) {
			first = false; /* the separator of an mbox file */
			continue;
		}
		first = false;
		if (!continues && field.len > 0) {
			result = take_field(composing, field.data, field.len);
			str_cut(&field, 0);
		}
		if (blank)
			break;
		if (!continues && field_name_len(input->line) == 0) {
			input_unread(
			    input); /* no header field: the body begins without a blank line */
			break;
		}
		str_add(&field, input->line, (size_t)len);
		if (field.len + composing->draft->header.len > HEADER_MAX || str_is_bad(&field)) {
			fprintf(stderr, "postern-sendmail: the header is too long\n");
			result = EX_DATAERR;
		}
	}
	if (len == -1)
		result = EX_IOERR;
	if (result == EX_OK && field.len > 0)
		result = take_field(composing, field.data, field.len);
	str_free(&field);
	return result;
}

/* The user who runs us, "nobody" if there is no entry. */
static const struct passwd *
who(void)
{
	static struct passwd nobody = { .pw_name = (char *)"nobody", .pw_gecos = (char *)"" };
	const struct passwd *user = getpwuid(getuid());

	return user != NULL ? user : &nobody;
}

static char *
own_address(const char *domain)
{
	return xasprintf("%s@%s", who()->pw_name, domain);
}

static char *
choose_sender(const struct options *options, const char *domain)
{
	const char *sender = options->sender;
	size_t len = sender != NULL ? strlen(sender) : 0;

	if (sender == NULL)
		return own_address(domain);
	if (len >= 2 && sender[0] == '<' && sender[len - 1] == '>')
		return xasprintf("%.*s", (int)len - 2, sender + 1);
	return xstrdup(sender);
}

/* A display name in quotes, of printable octets only. */
static void
add_quoted(struct str *out, const char *name)
{
	str_puts(out, "\"");
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			str_puts(out, "\\");
		str_add(out, (unsigned char)*name < ' ' || *name == 127 ? " " : name, 1);
	}
	str_puts(out, "\" ");
}

static void
add_from(struct composing *composing)
{
	struct str *header = &composing->draft->header;
	const char *name = composing->options->full_name;
	char *address = *composing->draft->sender != '\0' ? xstrdup(composing->draft->sender)
							  : own_address(composing->domain);

	str_puts(header, "From: ");
	if (name != NULL && *name != '\0')
		add_quoted(header, name);
	str_printf(header, "<%s%s%s>\n", address, strchr(address, '@') == NULL ? "@" : "",
	    strchr(address, '@') == NULL ? composing->domain : "");
	free(address);
}

static int
take_arguments(const struct options *options, struct draft *draft)
{
	struct recipients arguments = { NULL, 0 };
	int result = EX_OK;

	for (size_t i = 0; result == EX_OK && i < options->nrecipient; i++) {
		const char *recipient = options->recipient[i];

		if (addresses_each(recipient, strlen(recipient), add_mailbox, &arguments) == 0)
			continue;
		fprintf(stderr, "postern-sendmail: a malformed recipient: %s\n", recipient);
		result = EX_USAGE;
	}
	take_mailboxes(draft, &arguments);
	free_mailboxes(&arguments);
	return result;
}

/* The input may end within the header, and without a line end. */
static void
finish_header(struct composing *composing)
{
	struct str *header = &composing->draft->header;

	if (header->len > 0 && header->data[header->len - 1] != '\n')
		str_puts(header, "\n");
	if (!composing->has_from)
		add_from(composing);
	str_puts(header, "\n");
}

int
draft_compose(
    const struct options *options, struct input *input, const char *domain, struct draft *out)
{
	struct composing composing = { .options = options, .domain = domain, .draft = out };
	int result = EX_OK;

	*out = (struct draft){ .sender = choose_sender(options, domain) };
	if (has_control(out->sender)) {
		fprintf(stderr, "postern-sendmail: the sender is malformed\n");
		return EX_USAGE;
	}
	if ((result = take_arguments(options, out)) != EX_OK)
		return result;
	result = read_header(&composing, input);
	take_mailboxes(out, composing.is_resent ? &composing.resent : &composing.plain);
	free_mailboxes(&composing.plain);
	free_mailboxes(&composing.resent);
	if (result != EX_OK) {
		if (result == EX_IOERR)
			fprintf(
			    stderr, "postern-sendmail: reading the message: %s\n", strerror(errno));
		return result;
	}
	if (out->nrecipient == 0) {
		fprintf(stderr, "postern-sendmail: no recipients: name them as arguments%s\n",
		    options->recipients_in_header ? " or in To, Cc, Bcc" : ", or use -t");
		return EX_USAGE;
	}
	finish_header(&composing);
	return str_is_bad(&out->header) ? EX_OSERR : EX_OK;
}

void
draft_free(struct draft *draft)
{
	for (size_t i = 0; i < draft->nrecipient; i++)
		free(draft->recipient[i]);
	free(draft->recipient);
	free(draft->sender);
	str_free(&draft->header);
}
