/* SPDX-License-Identifier: ISC */
/*
 * commands.h - what posternctl asks of a running daemon, and what it does by itself.  Each returns
 * a status of sysexits.h after saying what is wrong; with EX_USAGE the caller shows the usage.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

struct ctl_arguments;

typedef int
ctl_command_fn(const char *socket, const char *name, const struct ctl_arguments *arguments);

/* Without the daemon: argv[0] is the command's name; file: the config, NULL: the usual one. */
typedef int ctl_tool_fn(const char *file, int argc, char **argv);

/* look.c */
ctl_command_fn ctl_status, ctl_queue, ctl_show;

/* steer.c: name is retry, hold, release or delete */
ctl_command_fn ctl_order, ctl_reload;

#endif
