/* SPDX-License-Identifier: ISC */
/* certs.h - a certification authority for tests, and certificates that are good, or bad in one way
 * each. */
#ifndef PROVIDER_CERTS_H
#define PROVIDER_CERTS_H

#include <stddef.h>

#define CERTS 7

/* The certificates' names: DIR/NAME.pem and DIR/NAME.key; "good" is the first. */
extern const char *const cert_names[CERTS];

/* Make DIR (if missing) with ca.pem, ca.key and all certificates; 0, or -1 with the trouble on
 * stderr. */
int certs_make(const char *dir);

#endif
