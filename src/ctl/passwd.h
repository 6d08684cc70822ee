/* SPDX-License-Identifier: ISC */
/* passwd.h - `posternctl passwd NAME`: a line for a users_file. */
#ifndef CTL_PASSWD_H
#define CTL_PASSWD_H

#include "ctl/commands.h"

#define PASSWD_USAGE "passwd NAME"

ctl_tool_fn passwd_command;

#endif
