/* SPDX-License-Identifier: ISC */
/* path.h - the arguments of MAIL and RCPT, held to the grammar of RFC 5321 4.1.2.  Pure. */
#ifndef PROVIDER_PATH_H
#define PROVIDER_PATH_H

#include <jansson.h>
#include <stdbool.h>

enum path_flaw {
	PATH_GOOD,
	PATH_SYNTAX,    /* no FROM:<...>, or a space before it */
	PATH_ADDRESS,   /* outside the grammar */
	PATH_LENGTH,    /* local part over 64 octets, domain over 255 or path over 256 */
	PATH_NON_ASCII, /* where SMTPUTF8 was not said */
	PATH_PARAMETER, /* ESMTP parameters outside the grammar */
};

struct path {
	char address[257];
	json_t
	    *params; /* {"SIZE": "1", "SMTPUTF8": ""}, keywords in capitals; owned by the caller */
};

/* Parse "FROM:<address> KEY=VALUE": keyword is "FROM" or "TO". params is NULL unless PATH_GOOD. */
enum path_flaw path_parse(const char *arg, const char *keyword, struct path *out);

/* Octets outside ASCII? */
bool path_is_utf8(const char *address);

#endif
