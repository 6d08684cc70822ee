/* SPDX-License-Identifier: ISC */
/*
 * options.c - the command line, as one table: an option is one row, and a
 * case in apply() when it is more than a text, a number or a flag.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "faults.h"

const char *const port_names[PORT_KINDS] = { "starttls", "implicit", "plain", "control" };

static const struct {
	const char *name;
	unsigned bit;
} extensions[] = {
	{ "PIPELINING", EXT_PIPELINING },
	{ "8BITMIME", EXT_8BITMIME },
	{ "SIZE", EXT_SIZE },
	{ "ENHANCEDSTATUSCODES", EXT_ENHANCEDSTATUSCODES },
	{ "CHUNKING", EXT_CHUNKING },
	{ "SMTPUTF8", EXT_SMTPUTF8 },
	{ "DSN", EXT_DSN },
	{ "STARTTLS", EXT_STARTTLS },
	{ "AUTH", EXT_AUTH },
	{ "REQUIRETLS", EXT_REQUIRETLS },
	{ "MT-PRIORITY", EXT_MT_PRIORITY },
};

enum kind {
	KIND_PORT,
	KIND_TEXT,
	KIND_FLAG,
	KIND_UNFLAG,
	KIND_NUMBER, /* what option_set() sets, too */
	KIND_SECONDS,
	KIND_ADDRESS,
	KIND_WITHOUT,
	KIND_FAULT,
	KIND_PASSWORD,
	KIND_RECIPIENTS,
	KIND_HELP
};

#define AT(field) offsetof(struct options, field)

static const struct row {
	const char *name;
	enum kind kind;
	size_t at;
	const char *help; /* "ARGUMENT what", or "- what" when there is no argument */
} rows[] = {
	{ "starttls", KIND_PORT, AT(ports[PORT_STARTTLS]), "PORT as 587; 0: any free port" },
	{ "implicit", KIND_PORT, AT(ports[PORT_IMPLICIT]), "PORT as 465" },
	{ "plain", KIND_PORT, AT(ports[PORT_PLAIN]), "PORT without TLS" },
	{ "control-port", KIND_PORT, AT(ports[PORT_CONTROL]), "PORT for commands; see README.md" },
	{ "ports-file", KIND_TEXT, AT(ports_file), "FILE to write the ports to, as JSON" },
	{ "address", KIND_ADDRESS, 0, "ADDRESS to listen on (127.0.0.1); repeatable" },
	{ "make-ca", KIND_TEXT, AT(make_ca), "DIR to make a CA and certificates in; then exit" },
	{ "ca-dir", KIND_TEXT, AT(ca_dir), "DIR of certificates; made when missing" },
	{ "certificate", KIND_TEXT, AT(certificate), "NAME in the CA's directory (good)" },
	{ "cert", KIND_TEXT, AT(cert_file), "FILE of a certificate chain, instead" },
	{ "key", KIND_TEXT, AT(key_file), "FILE of its key" },
	{ "tls-max", KIND_TEXT, AT(tls_max), "VERSION at most: 1.0, 1.1, 1.2, 1.3" },
	{ "ask-certificate", KIND_FLAG, AT(ask_certificate), "- of clients, for EXTERNAL" },
	{ "name", KIND_TEXT, AT(name), "NAME of this host (provider.test)" },
	{ "user", KIND_TEXT, AT(user), "NAME that may log in" },
	{ "password-file", KIND_PASSWORD, 0, "FILE with the user's password" },
	{ "mechanisms", KIND_TEXT, AT(mechanisms), "LIST offered (\"PLAIN LOGIN\")" },
	{ "no-auth", KIND_UNFLAG, AT(auth_required), "- ask for no login" },
	{ "auth-without-tls", KIND_FLAG, AT(auth_without_tls), "- offer AUTH in clear text, too" },
	{ "keep-transaction", KIND_FLAG, AT(keep_transaction),
	    "- open after BDAT LAST that nobody takes, as Postfix does" },
	{ "without", KIND_WITHOUT, 0, "EXTENSION not to offer; repeatable" },
	{ "size", KIND_NUMBER, AT(size), "OCTETS a message may have (52428800)" },
	{ "max-recipients", KIND_RECIPIENTS, 0, "N[:CODE] in a transaction, else CODE (452)" },
	{ "messages-per-connection", KIND_NUMBER, AT(messages_per_connection), "N, then 421" },
	{ "max-connections", KIND_NUMBER, AT(max_connections), "N, then 421" },
	{ "rate", KIND_NUMBER, AT(rate), "N messages a second (\"14/s\"), else 454" },
	{ "latency", KIND_NUMBER, AT(latency), "MS that all we send is delayed by" },
	{ "maildir", KIND_TEXT, AT(maildir), "DIR to keep messages in" },
	{ "discard", KIND_FLAG, AT(discard), "- keep nothing, only count" },
	{ "log", KIND_TEXT, AT(log_file), "FILE to append events to, as JSON lines" },
	{ "fault", KIND_FAULT, 0, "STEP=ACTION[,key=value]...; repeatable" },
	{ "seed", KIND_SECONDS, AT(seed), "N of the faults' probability" },
	{ "accept-report", KIND_FLAG, AT(report), "- print the statistics at the end" },
	{ "exit-after", KIND_SECONDS, AT(exit_after), "SECONDS to live" },
	{ "help", KIND_HELP, 0, "- this" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

unsigned
extension_find(const char *name)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (strcasecmp(name, extensions[i].name) == 0)
			return extensions[i].bit;
	return 0;
}

static int
parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	if (strcmp(end, "/s") == 0)
		end += 2;
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *out <= max ? 0 : -1;
}

static int
parse_recipients(struct options *options, const char *value)
{
	char number[32];
	const char *colon = strchr(value, ':');
	size_t len = colon == NULL ? strlen(value) : (size_t)(colon - value);

	if (len >= sizeof(number))
		return -1;
	memcpy(number, value, len);
	number[len] = '\0';
	if (colon != NULL && parse_number(colon + 1, 599, &options->max_recipients_code) < 0)
		return -1;
	return parse_number(number, ~0UL, &options->max_recipients);
}

static int
read_password(struct options *options, const char *file)
{
	FILE *in = fopen(file, "r");

	if (in == NULL || fgets(options->password, sizeof(options->password), in) == NULL) {
		if (in != NULL)
			fclose(in);
		return -1;
	}
	fclose(in);
	options->password[strcspn(options->password, "\r\n")] = '\0';
	return options->password[0] != '\0' ? 0 : -1;
}

static int
apply_text(struct options *options, enum kind kind, const char *value)
{
	unsigned bit;

	switch (kind) {
	case KIND_ADDRESS:
		if (options->n_addresses == ADDRESSES_MAX)
			return -1;
		options->addresses[options->n_addresses++] = value;
		return 0;
	case KIND_WITHOUT:
		bit = extension_find(value);
		options->extensions &= ~bit;
		return bit != 0 ? 0 : -1;
	case KIND_PASSWORD:
		return read_password(options, value);
	case KIND_RECIPIENTS:
		return parse_recipients(options, value);
	default:
		return -1;
	}
}

/* Set what the row names; -1 for a bad value. */
static int
apply(struct options *options, struct faults *faults, const struct row *row, const char *value,
    const char **why)
{
	char *field = (char *)options + row->at;
	unsigned long number;

	switch (row->kind) {
	case KIND_TEXT:
		*(const char **)(void *)field = value;
		return 0;
	case KIND_FLAG:
	case KIND_UNFLAG:
		*(bool *)(void *)field = row->kind == KIND_FLAG;
		return 0;
	case KIND_NUMBER:
		return parse_number(value, ~0UL, (unsigned long *)(void *)field);
	case KIND_PORT:
		if (parse_number(value, 65535, &number) < 0)
			return -1;
		*(int *)(void *)field = (int)number;
		return 0;
	case KIND_SECONDS:
		if (parse_number(value, 1000000000, &number) < 0)
			return -1;
		*(unsigned *)(void *)field = (unsigned)number;
		return 0;
	case KIND_FAULT:
		return faults_add(faults, value, why);
	default:
		return apply_text(options, row->kind, value);
	}
}

int
option_set(struct options *options, const char *name, const char *value)
{
	const char *why;

	for (const struct row *row = rows; row < rows + ROWS; row++)
		if (strcmp(name, row->name) == 0 &&
		    (row->kind == KIND_NUMBER || row->kind == KIND_RECIPIENTS))
			return apply(options, NULL, row, value, &why);
	return -1;
}

static int
usage(void)
{
	printf("Usage: postern-provider OPTIONS\n"
	       "An SMTP provider for tests: it captures mail, and misbehaves when told to.\n\n");
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		const char *what = strchr(row->help, ' ');
		int arg = *row->help == '-' ? 0 : (int)(what - row->help);
		char left[40];

		snprintf(left, sizeof(left), "--%s %.*s", row->name, arg, row->help);
		printf("  %-28s%s\n", left, what);
	}
	return 0;
}

/* Combinations that cannot work. */
static const char *
check(const struct options *options)
{
	bool tls = options->ports[PORT_STARTTLS] >= 0 || options->ports[PORT_IMPLICIT] >= 0;

	if (options->make_ca != NULL)
		return NULL;
	if (!tls && options->ports[PORT_PLAIN] < 0)
		return "no port: --starttls, --implicit or --plain";
	if (tls && options->ca_dir == NULL && options->cert_file == NULL)
		return "TLS needs --ca-dir, or --cert and --key";
	if ((options->cert_file == NULL) != (options->key_file == NULL))
		return "--cert and --key go together";
	if (options->auth_required && (options->user == NULL || options->password[0] == '\0'))
		return "--user and --password-file, or --no-auth";
	if (options->maildir != NULL && options->discard)
		return "--maildir and --discard exclude each other";
	return NULL;
}

static void
set_defaults(struct options *options)
{
	*options = (struct options){
		.name = "provider.test",
		.mechanisms = "PLAIN LOGIN",
		.auth_required = true,
		.extensions = ~0U,
		.size = 52428800,
		.max_recipients_code = 452,
	};
	for (int i = 0; i < PORT_KINDS; i++)
		options->ports[i] = -1;
}

static int
complain(const char *what, const char *value, const char *why)
{
	fprintf(stderr, "postern-provider: %s%s%s%s%s\n", what, value != NULL ? " " : "",
	    value != NULL ? value : "", why != NULL ? ": " : "", why != NULL ? why : "");
	return 2;
}

int
options_parse(struct options *options, struct faults *faults, int argc, char **argv)
{
	struct option longs[ROWS + 1] = { { NULL, 0, NULL, 0 } };
	int index, c;

	for (size_t i = 0; i < ROWS; i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = *rows[i].help == '-' ? no_argument : required_argument;
		longs[i].val = 1;
	}
	set_defaults(options);
	while ((c = getopt_long(argc, argv, "", longs, &index)) != -1) {
		const char *why = "not understood";

		if (c != 1)
			return 2;
		if (rows[index].kind == KIND_HELP)
			return usage();
		if (apply(options, faults, &rows[index], optarg, &why) < 0)
			return complain(rows[index].name, optarg, why);
	}
	if (optind < argc)
		return complain("what is", argv[optind], NULL);
	if (options->n_addresses == 0)
		options->addresses[options->n_addresses++] = "127.0.0.1";

	const char *why = check(options);

	return why != NULL ? complain(why, NULL, NULL) : -1;
}
