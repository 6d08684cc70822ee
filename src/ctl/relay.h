/* SPDX-License-Identifier: ISC */
/* relay.h - `posternctl check-relay`: whether strangers may send mail through a listener. */
#ifndef CTL_RELAY_H
#define CTL_RELAY_H

#include "ctl/commands.h"

enum { RELAY_CLOSED = 0, RELAY_OPEN = 1 }; /* statuses, beside those of sysexits.h */

#define RELAY_USAGE "check-relay [ADDRESS[:PORT]]"

ctl_tool_fn relay_command;

#endif
