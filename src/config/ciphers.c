/* SPDX-License-Identifier: ISC */
/*
 * ciphers.c - see ciphers.h.  OpenSSL passes over words that it does not know, so each is tried
 * alone first.
 */
#include "config/ciphers.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"

static const char separators[] = ":, \t";

/* Whether a word of TLS 1.2 stands for something.  Those with a sign or @ change the others. */
static bool
is_known(const char *word)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	bool known = strchr("!-+@", word[0]) != NULL;

	if (ctx == NULL)
		return true;
	SSL_CTX_set_security_level(ctx, 0);
	known = known || SSL_CTX_set_cipher_list(ctx, word) == 1;
	SSL_CTX_free(ctx);
	return known;
}

static int
set_lists(SSL_CTX *ctx, const struct str *suites, const struct str *ciphers)
{
	if (suites->len > 0 && SSL_CTX_set_ciphersuites(ctx, suites->data) != 1)
		return -1;
	if (ciphers->len > 0 && SSL_CTX_set_cipher_list(ctx, ciphers->data) != 1)
		return -1;
	return 0;
}

/* Add a word to one of the lists; -1: it is not known. */
static int
sort_word(SSL_CTX *ctx, const char *word, struct str *suites, struct str *ciphers)
{
	bool is_suite = strncmp(word, "TLS_", 4) == 0;
	struct str *list = is_suite ? suites : ciphers;

	if (is_suite ? SSL_CTX_set_ciphersuites(ctx, word) != 1 : !is_known(word))
		return -1;
	str_printf(list, "%s%s", list->len > 0 ? ":" : "", word);
	return 0;
}

int
ciphers_apply(struct ssl_ctx_st *ctx, const char *list, struct str *bad)
{
	struct str suites = STR_EMPTY, ciphers = STR_EMPTY, word = STR_EMPTY;
	int result = 0;

	for (list += strspn(list, separators); *list != '\0' && result == 0;
	     list += strspn(list, separators)) {
		size_t len = strcspn(list, separators);

		str_cut(&word, 0);
		str_add(&word, list, len);
		list += len;
		if (str_is_bad(&word) || sort_word(ctx, word.data, &suites, &ciphers) != 0) {
			str_puts(bad, str_is_bad(&word) ? "" : word.data);
			result = -1;
		}
	}
	if (result == 0)
		result = str_is_bad(&suites) || str_is_bad(&ciphers)
			     ? -1
			     : set_lists(ctx, &suites, &ciphers);
	ERR_clear_error();
	str_free(&word);
	str_free(&suites);
	str_free(&ciphers);
	return result;
}
