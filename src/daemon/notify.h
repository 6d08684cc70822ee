/* SPDX-License-Identifier: ISC */
/* notify.h - tell the service manager how we are (sd_notify(3)): one datagram each, no library. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un address;
	unsigned address_len;
	uint64_t watchdog_ms; /* 0: no watchdog; else it barks when not pinged for so long */
};

/* Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and unset them. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* Assignments, one in a line: "READY=1\nSTATUS=...".  Never blocks; what cannot be sent is lost. */
void notify_send(const struct notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* RELOADING=1 with the time, which the manager compares with that of READY=1. */
void notify_reloading(const struct notify *notify);

#endif
