/* SPDX-License-Identifier: ISC */
/*
 * master.h - the process that supervises: it reads the config, binds, forks the workers, and then
 * only handles signals, deaths and reloads.  It parses nothing that comes from a network.
 */
#ifndef DAEMON_MASTER_H
#define DAEMON_MASTER_H

struct options;

/* posternd -t: the status of sysexits.h. */
int master_check(const struct options *options);

/* All of posternd's life: an exit status. */
int master_run(const struct options *options);

#endif
