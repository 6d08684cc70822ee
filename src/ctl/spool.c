/* SPDX-License-Identifier: ISC */
/* spool.c - the command line of `posternctl spool`, and where the spool is. */
#include "config.h"

#include "ctl/spool.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/id.h"
#include "base/str.h"
#include "config/config.h"

static const struct option long_options[] = {
	{ "spool", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "repair", no_argument, NULL, 'r' },
	{ "id", required_argument, NULL, 'i' },
	{ "all", no_argument, NULL, 'a' },
	{ NULL, 0, NULL, 0 },
};

static const struct verb {
	const char *name, *takes; /* letters of long_options */
	bool has_dir;
	int (*run)(const char *path, const struct spool_options *options);
} verbs[] = {
	{ "check", "sjr", false, spool_check },
	{ "export", "sia", true, spool_export },
};

/* The spool that the config names; NULL when the config is broken, which was said then. */
static char *
find_spool(const char *file)
{
	struct str errors = STR_EMPTY;
	struct config *config;
	char *path = NULL;

	if (file == NULL && access(CONFIG_DEFAULT_FILE, R_OK) == -1)
		return strdup(POSTERN_SPOOLDIR);
	config = config_load(file != NULL ? file : CONFIG_DEFAULT_FILE, &errors);
	if (config != NULL)
		path = strdup(config->spool);
	else
		fprintf(stderr, "%s", str_is_bad(&errors) ? "out of memory\n" : errors.data);
	config_free(&config);
	str_free(&errors);
	return path;
}

/* 0, or a status after saying why. */
static int
take_option(int letter, const struct verb *verb, struct spool_options *options, uint64_t *ids,
    const char **path)
{
	if (letter == '?' || strchr(verb->takes, letter) == NULL)
		return EX_USAGE;
	options->json |= letter == 'j';
	options->repair |= letter == 'r';
	options->all |= letter == 'a';
	if (letter == 's')
		*path = optarg;
	if (letter == 'i' && id_parse(optarg, &ids[options->ids++]) == -1) {
		fprintf(stderr, "posternctl: `%.40s` is not a message id\n", optarg);
		return EX_NOINPUT;
	}
	return 0;
}

static int
run(const char *file, const struct verb *verb, int argc, char **argv, uint64_t *ids)
{
	struct spool_options options = { .id = ids };
	const char *path = NULL;
	char *found = NULL;
	int letter, code = 0;

	optind = 1;
	while (code == 0 && (letter = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		code = take_option(letter, verb, &options, ids, &path);
	if (code != 0)
		return code;
	if (argc - optind != (verb->has_dir ? 1 : 0))
		return EX_USAGE;
	options.to = verb->has_dir ? argv[optind] : NULL;
	if (path == NULL)
		path = found = find_spool(file);
	code = path != NULL ? verb->run(path, &options) : EX_CONFIG;
	free(found);
	return code;
}

int
spool_command(const char *file, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].name, argv[1]) != 0)
			continue;

		uint64_t *ids = calloc((size_t)argc, sizeof *ids);
		int code = ids != NULL ? run(file, &verbs[i], argc - 1, argv + 1, ids) : EX_OSERR;

		free(ids);
		return code;
	}
	return EX_USAGE;
}
