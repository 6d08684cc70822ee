/* SPDX-License-Identifier: ISC */
/*
 * arguments.c - see arguments.h.  A selection becomes the query of a URI, which is checked here as
 * the daemon will check it.
 */
#include "ctl/arguments.h"

#include <event2/http.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/id.h"
#include "base/str.h"
#include "control/selection.h"

/* The names of those that take a value are the criteria's. */
static const struct option long_options[] = {
	{ "json", no_argument, NULL, CTL_JSON },
	{ "all", no_argument, NULL, CTL_ALL },
	{ "from", required_argument, NULL, CTL_SELECTION },
	{ "to", required_argument, NULL, CTL_SELECTION },
	{ "older", required_argument, NULL, CTL_SELECTION },
	{ "reason", required_argument, NULL, CTL_SELECTION },
	{ "state", required_argument, NULL, CTL_SELECTION },
	{ NULL, 0, NULL, 0 },
};

static int
add_criterion(struct str *query, const char *key, const char *value)
{
	char *encoded = evhttp_encode_uri(value);

	if (encoded == NULL)
		return EX_OSERR;
	str_printf(query, "%s%s=%s", query->len > 0 ? "&" : "", key, encoded);
	free(encoded);
	return 0;
}

static int
read_options(struct ctl_arguments *out, struct str *query, unsigned takes, int argc, char **argv)
{
	int option, index, code = 0;

	optind = 0; /* begin anew, and let options stand behind ids */
	opterr = 0;
	while (code == 0 && (option = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (option == ':') {
			fprintf(stderr, "posternctl: %s needs a value\n", argv[optind - 1]);
			code = EX_USAGE;
		} else if (option == '?' || (takes & (unsigned)option) == 0) {
			fprintf(stderr, "posternctl: %s does not take the option %s\n", argv[0],
			    argv[optind - 1]);
			code = EX_USAGE;
		} else if (option == CTL_JSON) {
			out->json = true;
		} else {
			code = add_criterion(
			    query, long_options[index].name, option == CTL_ALL ? "1" : optarg);
		}
	}
	return code;
}

static int
check_ids(const struct ctl_arguments *arguments, unsigned takes, const char *name)
{
	size_t most = takes & CTL_IDS ? SIZE_MAX : takes & CTL_ID ? 1 : 0;
	uint64_t id;

	if (arguments->ids > most) {
		fprintf(
		    stderr, "posternctl: %s does not take `%.40s`\n", name, arguments->id[most]);
		return EX_USAGE;
	}
	for (size_t i = 0; i < arguments->ids; i++) {
		if (id_parse(arguments->id[i], &id) == 0)
			continue;
		fprintf(stderr,
		    "posternctl: `%.40s` is not a message id; `posternctl queue` lists them\n",
		    arguments->id[i]);
		return EX_NOINPUT;
	}
	if (arguments->ids > 0 && arguments->query != NULL) {
		fputs("posternctl: give ids or a selection, not both\n", stderr);
		return EX_USAGE;
	}
	if ((takes & CTL_NEEDS) && arguments->ids == 0 && arguments->query == NULL) {
		fprintf(stderr, "posternctl: %s needs %s\n", name, ctl_arguments_help(takes));
		return EX_USAGE;
	}
	return 0;
}

static int
check_query(struct ctl_arguments *arguments)
{
	struct str why = STR_EMPTY;
	struct selection *selection = selection_parse(arguments->query, &why);
	int code = selection != NULL ? 0 : EX_USAGE;

	if (selection != NULL)
		arguments->is_selection = selection_is_partial(selection);
	else
		fprintf(stderr, "posternctl: %s\n", why.data);
	selection_free(&selection);
	str_free(&why);
	return code;
}

int
ctl_arguments_read(struct ctl_arguments *out, unsigned takes, int argc, char **argv)
{
	struct str query = STR_EMPTY;
	int code;

	*out = (struct ctl_arguments){ 0 };
	code = read_options(out, &query, takes, argc, argv);
	out->query = query.len > 0 ? str_take(&query) : NULL;
	str_free(&query);
	if (code != 0)
		return code;
	out->id = argv + optind;
	out->ids = (size_t)(argc - optind);
	code = check_ids(out, takes, argv[0]);
	return code == 0 ? check_query(out) : code;
}

void
ctl_arguments_free(struct ctl_arguments *arguments)
{
	free(arguments->query);
	*arguments = (struct ctl_arguments){ 0 };
}

const char *
ctl_arguments_help(unsigned takes)
{
	static const struct {
		unsigned takes;
		const char *text;
	} texts[] = {
		{ CTL_IDS | CTL_SELECTION | CTL_ALL, "ID...|SELECTION|--all" },
		{ CTL_SELECTION | CTL_JSON, "[SELECTION] [--json]" },
		{ CTL_ID, "ID" },
		{ CTL_JSON, "[--json]" },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if ((takes & texts[i].takes) == texts[i].takes)
			return texts[i].text;
	return "";
}
