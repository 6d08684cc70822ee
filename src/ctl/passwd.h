/* SPDX-License-Identifier: ISC */
/* passwd.h - `posternctl passwd NAME`: a line for a users_file. */
#ifndef CTL_PASSWD_H
#define CTL_PASSWD_H

/* argv[0] is "passwd".  A status of sysexits.h, after saying what is wrong. */
int passwd_command(int argc, char **argv);

#endif
