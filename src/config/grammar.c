/* SPDX-License-Identifier: ISC */
/*
 * grammar.c - libconfuse with its option tables made from the table of keys.
 * Every value is a string to it, and its callbacks see the line of each.  Three of its ways need
 * care: callbacks get no context, so an option that no file can name ("context|", as | splits
 * names) carries it; nothing tells that a section begins but a list whose default is parsed then
 * ("begin|"); and it stops at an unknown key, so that key is made known and the scan starts over.
 */
#include "config/grammar.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { UNKNOWN_MAX = 40, MESSAGE_SIZE = 300 };

/* Places in the options of every section; the first is the hidden list. */
enum { CONTEXT = 1, FIRST_KEY = 2 };

struct scan {
	char *unused; /* first: it is the value of the option that carries this struct */
	const struct grammar_events *events;
	void *ctx;
	struct unknown {
		enum section_kind kind;
		unsigned line; /* where it was first seen */
		char *name;
	} unknown[UNKNOWN_MAX];
	size_t nunknown;
	cfg_t *section; /* begun last */
	unsigned section_line;
	unsigned
	    hidden_line; /* has the value of an unknown key, perhaps a password: not to be shown */
	bool again;      /* an unknown key was made known */
	bool told;       /* why the scan ended early */
	char begin[sizeof "{begin}"];
};

/* libconfuse's own words, and what to do about it. */
static const struct hint {
	const char *format, *advice;
} hints[] = {
	{ "missing equal sign after option '%s'", "write KEY = VALUE" },
	{ "unexpected token '%s'", "write KEY = VALUE, or KEY = { VALUE, VALUE } for a list" },
	{ "missing title for section '%s'",
	    "listen, upstream, route and client have a name: upstream \"NAME\" { }" },
	{ "missing opening brace for section '%s'",
	    "write listen \"NAME\" { }, upstream \"NAME\" { }, route \"NAME\" { }, "
	    "client \"NAME\" { }, queue { }, limits { } or log { }" },
	{ "premature end of file", "a closing brace, a closing quote or a value is missing" },
	{ "unterminated string constant", "a closing quote is missing" },
	{ "unexpected closing brace", "it closes nothing; remove it" },
	{ "attempt to append to non-list option '%s'", "only lists can be appended to with +=" },
};

static struct scan *
context_of(const cfg_t *cfg)
{
	return (struct scan *)(void *)cfg->opts[CONTEXT].simple_value.string;
}

static enum section_kind
kind_of(const cfg_t *cfg)
{
	enum section_kind kind = SECTION_KINDS;

	while (--kind > SECTION_TOP)
		if (strcmp(config_sections[kind].name, cfg->name) == 0)
			break;
	return kind;
}

/* Parsing callback of the hidden list: a section was opened. */
static int
on_begin(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct scan *scan = context_of(cfg);

	(void)opt;
	*(const char **)result = value;
	scan->section = cfg;
	scan->section_line = (unsigned)cfg->line;
	scan->events->on_section(scan->ctx, kind_of(cfg), cfg->title, scan->section_line);
	return 0;
}

/* Parsing callback of every key, known or not. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct scan *scan = context_of(cfg);
	bool starts = !(opt->flags & CFGF_LIST) || opt->nvalues == 1;

	*(const char **)result = value;
	if (key_find(kind_of(cfg), opt->name) == NULL)
		scan->hidden_line = (unsigned)cfg->line;
	scan->events->on_value(
	    scan->ctx, kind_of(cfg), opt->name, value, (unsigned)cfg->line, starts);
	return 0;
}

/* Validating callback of a section, which comes at its end: an empty list calls nothing else. */
static int
on_end(cfg_t *cfg, cfg_opt_t *opt)
{
	struct scan *scan = context_of(cfg);
	const cfg_opt_t *at = scan->section->opts + FIRST_KEY;

	(void)opt;
	for (; at->name != NULL; at++)
		if ((at->flags & CFGF_LIST) && (at->flags & CFGF_MODIFIED) && at->nvalues == 0)
			scan->events->on_empty_list(
			    scan->ctx, kind_of(scan->section), at->name, scan->section_line);
	return 0;
}

static bool
is_made_known(const struct scan *scan, enum section_kind kind, const char *name)
{
	for (size_t i = 0; i < scan->nunknown; i++)
		if (scan->unknown[i].kind == kind && strcmp(scan->unknown[i].name, name) == 0)
			return true;
	return false;
}

/* Make a key known, for the next round. */
static bool
make_known(struct scan *scan, const cfg_t *cfg, const char *name)
{
	if (scan->nunknown == UNKNOWN_MAX || is_made_known(scan, kind_of(cfg), name))
		return false;
	scan->unknown[scan->nunknown++] =
	    (struct unknown){ kind_of(cfg), (unsigned)cfg->line, xstrdup(name) };
	scan->again = true;
	return true;
}

/* Report a word that was made known as a key, but is none by what follows it. */
static bool
report_stray(struct scan *scan, const cfg_t *cfg, const char *word)
{
	for (size_t i = 0; i < scan->nunknown; i++) {
		const struct unknown *unknown = &scan->unknown[i];

		if (unknown->kind != kind_of(cfg) || strcmp(unknown->name, word) != 0)
			continue;
		scan->told = true;
		scan->events->on_stray(scan->ctx, unknown->kind,
		    unknown->line == scan->hidden_line ? "(a word)" : word, unknown->line);
		return true;
	}
	return false;
}

/* What needs more than libconfuse's words, by the name they are about. */
static bool
handle_name(struct scan *scan, const cfg_t *cfg, const char *format, va_list args)
{
	bool is_unknown = strcmp(format, "no such option '%s'") == 0;

	if (!is_unknown && strcmp(format, "missing equal sign after option '%s'") != 0)
		return false;

	const char *name = va_arg(args, const char *);

	return is_unknown ? make_known(scan, cfg, name) : report_stray(scan, cfg, name);
}

/* libconfuse's error function: the scan ends here. */
__attribute__((format(printf, 2, 0))) static void
on_problem(cfg_t *cfg, const char *format, va_list args)
{
	struct scan *scan = context_of(cfg);
	char text[MESSAGE_SIZE];
	const char *advice = "write KEY = VALUE";
	va_list copy;

	va_copy(copy, args);
	bool handled = handle_name(scan, cfg, format, copy);
	va_end(copy);
	if (handled)
		return;

	vsnprintf(text, sizeof text, format, args);
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (strcmp(format, hints[i].format) == 0)
			advice = hints[i].advice;
	if ((unsigned)cfg->line == scan->hidden_line)
		snprintf(text, sizeof text, "something behind the value of an unknown key");

	char *why = xasprintf("syntax error: %s; %s", text, advice);

	scan->told = true;
	scan->events->on_error(scan->ctx, (unsigned)cfg->line, why);
	free(why);
}

struct options {
	cfg_opt_t *list;
	size_t count; /* without CFG_END() */
};

static void
add_option(struct options *options, cfg_opt_t option)
{
	options->list = xreallocarray(options->list, options->count + 2, sizeof option);
	options->list[options->count++] = option;
	options->list[options->count] = (cfg_opt_t)CFG_END();
}

static void
add_keys(struct options *options, const struct scan *scan, enum section_kind kind)
{
	for (const struct key *key = config_keys[kind]; key->name != NULL; key++) {
		int list = key->kind->is_list ? CFGF_LIST : CFGF_NONE;

		add_option(options,
		    (cfg_opt_t)CFG_STR_CB(key->name, NULL, CFGF_NODEFAULT | list, on_value));
	}
	for (size_t i = 0; i < scan->nunknown; i++)
		if (scan->unknown[i].kind == kind)
			add_option(options, (cfg_opt_t)CFG_STR_CB(scan->unknown[i].name, NULL,
						CFGF_NODEFAULT, on_value));
}

/* The options of a section: hidden ones, keys, and at the top the sections made before. */
static cfg_opt_t *
make_options(struct scan *scan, enum section_kind kind, cfg_opt_t *const made[])
{
	struct options options = { NULL, 0 };

	add_option(
	    &options, (cfg_opt_t)CFG_STR_LIST_CB("begin|", scan->begin, CFGF_NONE, on_begin));
	add_option(&options, (cfg_opt_t)CFG_SIMPLE_STR("context|", &scan->unused));
	add_keys(&options, scan, kind);
	for (size_t i = SECTION_TOP + 1; kind == SECTION_TOP && i < SECTION_KINDS; i++) {
		int title = config_sections[i].has_title ? CFGF_TITLE : CFGF_NONE;
		cfg_opt_t section = CFG_SEC(config_sections[i].name, made[i], CFGF_MULTI | title);

		section.validcb = on_end;
		add_option(&options, section);
	}
	return options.list;
}

/* It ends without a word at an empty name. */
static void
tell(struct scan *scan, const cfg_t *cfg)
{
	int line = cfg->line > scan->section->line ? cfg->line : scan->section->line;

	if (!scan->told && !scan->again)
		scan->events->on_error(
		    scan->ctx, (unsigned)line, "syntax error: an empty name; write KEY = VALUE");
}

static int
parse(struct scan *scan, cfg_opt_t *options, const char *text)
{
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	if (cfg == NULL || file == NULL)
		abort();
	cfg->filename = xstrdup("");
	cfg_set_error_function(cfg, on_problem);

	int result = cfg_parse_fp(cfg, file) == CFG_SUCCESS ? 0 : -1;

	if (result < 0)
		tell(scan, cfg);
	fclose(file);
	cfg_free(cfg);
	return result;
}

/* One round; libconfuse copies the options. */
static int
scan_once(struct scan *scan, const char *text)
{
	cfg_opt_t *options[SECTION_KINDS] = { NULL };

	for (size_t i = SECTION_KINDS; i-- > 0;)
		options[i] = make_options(scan, (enum section_kind)i, options);
	scan->again = scan->told = false;
	scan->hidden_line = 0;

	int result = parse(scan, options[SECTION_TOP], text);

	for (size_t i = 0; i < SECTION_KINDS; i++)
		free(options[i]);
	return result;
}

int
grammar_scan(const char *text, const struct grammar_events *events, void *ctx)
{
	struct scan scan = { .events = events, .ctx = ctx, .begin = "{begin}" };
	int result;

	do {
		events->on_restart(ctx);
		result = scan_once(&scan, text);
	} while (scan.again);
	for (size_t i = 0; i < scan.nunknown; i++)
		free(scan.unknown[i].name);
	return result;
}
