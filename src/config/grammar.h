/* SPDX-License-Identifier: ISC */
/* grammar.h - what raw.c needs of libconfuse: a scan of the text that calls back with lines. */
#ifndef CONFIG_GRAMMAR_H
#define CONFIG_GRAMMAR_H

#include <stdbool.h>

#include "config/key.h"

struct grammar_events {
	void (*on_section)(void *ctx, enum section_kind kind, const char *title, unsigned line);
	/*
	 * A value in the section begun last, or at the top.  name may be unknown there.
	 * starts: the first or only value after an equal sign.
	 */
	void (*on_value)(void *ctx, enum section_kind kind, const char *name, const char *text,
	    unsigned line, bool starts);
	/* key = { }: line is that of its section. */
	void (*on_empty_list)(void *ctx, enum section_kind kind, const char *name, unsigned line);
	/* A word where a key should be, but no equal sign follows.  The scan ends there. */
	void (*on_stray)(void *ctx, enum section_kind kind, const char *word, unsigned line);
	/* The file makes no sense at this line.  The scan ends there. */
	void (*on_error)(void *ctx, unsigned line, const char *why);
	/* Before the scan starts over, which it does to go on behind an unknown key. */
	void (*on_restart)(void *ctx);
};

/* Scan text.  -1 after on_stray or on_error. */
int grammar_scan(const char *text, const struct grammar_events *events, void *ctx);

#endif
