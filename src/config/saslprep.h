/* SPDX-License-Identifier: ISC */
/*
 * saslprep.h - the one spelling of a name or password that can be typed in several ways (SASLprep,
 * RFC 4013): an "ä" of one character or of two, a space that does not break, letters of full width.
 */
#ifndef CONFIG_SASLPREP_H
#define CONFIG_SASLPREP_H

#include <stddef.h>

/*
 * That spelling, to be freed; NULL where the text is spelled so already, or has no such spelling
 * (control characters, not UTF-8): it counts as it is then.
 */
char *saslprep(const char *text);

/* Overwrite and free what saslprep() returned, if it was not NULL. */
void saslprep_wipe(char **text);

#endif
