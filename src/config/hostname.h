/* SPDX-License-Identifier: ISC */
/* hostname.h - the name this host goes by when the config file gives none. */
#ifndef CONFIG_HOSTNAME_H
#define CONFIG_HOSTNAME_H

/* A valid domain name with a dot.  The caller frees it.  Asks /etc/hosts but never the DNS, so it
 * does not block. */
char *hostname_find(void);

/* The same for a given name of the host: for tests. */
char *hostname_qualify(const char *name);

#endif
