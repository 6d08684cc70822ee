/* SPDX-License-Identifier: ISC */
/* saslprep.c - see saslprep.h.  libgsasl does it, and libidn for it. */
#include "config/saslprep.h"

#include <gsasl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

char *
saslprep(const char *text)
{
	char *out = NULL;

	/* Characters that Unicode 3.2 did not know are to pass.  libgsasl 2.2 takes
	 * GSASL_ALLOW_UNASSIGNED for the opposite. */
	if (gsasl_saslprep(text, (Gsasl_saslprep_flags)0, &out, NULL) != GSASL_OK)
		return NULL;
	if (out[0] == '\0' || strcmp(out, text) == 0)
		saslprep_wipe(&out);
	return out;
}

void
saslprep_wipe(char **text)
{
	if (*text != NULL)
		OPENSSL_cleanse(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
