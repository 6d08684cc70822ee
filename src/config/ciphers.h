/* SPDX-License-Identifier: ISC */
/* ciphers.h - one list for all versions of TLS. */
#ifndef CONFIG_CIPHERS_H
#define CONFIG_CIPHERS_H

struct ssl_ctx_st;
struct str;

/*
 * Take the words of a list, parted by colons, commas or blanks: those that begin with TLS_ are
 * suites of TLS 1.3, the others are as in openssl-ciphers(1).  A kind without a word keeps its
 * default.  -1: the word in bad is not known, or (bad is empty) nothing is left of the list.
 */
int ciphers_apply(struct ssl_ctx_st *ctx, const char *list, struct str *bad);

#endif
