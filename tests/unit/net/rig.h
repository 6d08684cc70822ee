/* SPDX-License-Identifier: ISC */
/* rig.h - for tests that dial: a loop, a resolver with a hosts file and a name server of its own.
 */
#ifndef UNIT_NET_RIG_H
#define UNIT_NET_RIG_H

#include <stdint.h>

#include "base/sockaddr.h"
#include "net/dial.h"

extern struct rig {
	struct event_base *base;
	struct resolver *resolver;
	char resolv_conf[40], hosts[40];
	int queries;        /* that the name server got */
	char last_name[64]; /* in the last of them */
	/* What the last dial said. */
	int called, fd;
	char peer[SOCKADDR_TEXT_SIZE], why[512];
} rig;

void rig_set_up(void);
void rig_tear_down(void);

/* Write a file; an empty path is set to a new one. */
void rig_write_file(char *path, const char *text);

/* Dial; the answer goes to rig. */
struct dial *rig_start(const struct dial_target *target);

/* Dial and wait for the answer. */
void rig_dial_to(const struct dial_target *target);
void rig_dial(const char *host, uint16_t port, uint64_t timeout_ms);

/* A port of 127.0.0.2 where connections hang, because nobody accepts and the backlog is full;
 * waiting ones go to fds. */
uint16_t rig_make_hanging(int fds[4]);
void rig_close_hanging(int fds[4]);

#endif
