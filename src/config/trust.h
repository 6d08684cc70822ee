/* SPDX-License-Identifier: ISC */
/* trust.h - the certificates of authorities, from a file or a directory. */
#ifndef CONFIG_TRUST_H
#define CONFIG_TRUST_H

struct str;
struct x509_store_st;

/*
 * Add all certificates (PEM) of a file, and of all files in a directory, to a store; NULL: none.
 * -1 with the reason in why, when one cannot be read or has no certificate; a file of the
 * directory that has none does not matter.
 */
int trust_load_file(struct x509_store_st *store, const char *file, struct str *why);
int trust_load_directory(struct x509_store_st *store, const char *directory, struct str *why);

#endif
