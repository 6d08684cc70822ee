/* SPDX-License-Identifier: ISC */
/* sample.h - a config file in a directory of its own, for one test. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <sys/types.h>

#include "base/str.h"
#include "config/config.h"

struct sample {
	char directory[64];
	char file[96];
	struct str errors; /* of sample_load() */
};

/* Write text to directory/postern.conf. */
void sample_make(struct sample *sample, const char *text);

/* Write another file beside it, of this mode; returns its path, which is the sample's until the
 * next call. */
const char *sample_add(struct sample *sample, const char *name, const char *text, mode_t mode);

/* Write a certificate, of a fresh key, and that key, in PEM. */
void sample_add_certificate(struct sample *sample, const char *name, const char *key_name);

/* config_load(); the errors are kept. */
struct config *sample_load(struct sample *sample);

/* Remove the directory and free the errors. */
void sample_remove(struct sample *sample);

/* Load a text that must be good. */
struct config *load_good(const char *text);

/* Load a text that must be bad, and put the errors into out without "FILE:": "3: port = x: ...". */
void load_bad(const char *text, struct str *out);

/* A whole upstream, in one line, for files that are about something else. */
#define UPSTREAM "upstream \"p\" { host = smtp.example.com }\n"

#endif
