/* SPDX-License-Identifier: ISC */
/* relay.h - `posternctl check-relay`: whether strangers may send mail through a listener. */
#ifndef CTL_RELAY_H
#define CTL_RELAY_H

enum { RELAY_CLOSED = 0, RELAY_OPEN = 1 }; /* statuses, beside those of sysexits.h */

/* argv[0] is "check-relay"; file: the config, NULL: the usual one. */
int relay_command(const char *file, int argc, char **argv);

#endif
