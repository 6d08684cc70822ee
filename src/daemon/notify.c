/* SPDX-License-Identifier: ISC */
/* notify.c - tell the service manager how we are (sd_notify(3)): one datagram each, no library. */
#include "daemon/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"

enum { MESSAGE_MAX = 4096 };

static uint64_t
watchdog_from_environment(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t interval, owner;

	if (usec == NULL || parse_number(usec, 1, INT64_MAX, &interval) != 0)
		return 0;
	if (pid != NULL &&
	    (parse_number(pid, 1, INT32_MAX, &owner) != 0 || (pid_t)owner != getpid()))
		return 0;
	return interval < 1000 ? 1 : interval / 1000;
}

/* A path, or a name in the abstract namespace that begins with @. */
static int
set_address(struct notify *notify, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof notify->address.sun_path)
		return -1;
	notify->address.sun_family = AF_UNIX;
	memcpy(notify->address.sun_path, name, len);
	if (name[0] == '@')
		notify->address.sun_path[0] = '\0';
	else
		len++;
	notify->address_len = (unsigned)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

void
notify_open(struct notify *notify)
{
	const char *name = getenv("NOTIFY_SOCKET");

	memset(notify, 0, sizeof *notify);
	notify->fd = -1;
	if (name != NULL && set_address(notify, name) == 0)
		notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (notify->fd >= 0)
		notify->watchdog_ms = watchdog_from_environment();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

void
notify_send(const struct notify *notify, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list args;

	if (notify->fd < 0)
		return;
	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof text)
		len = (int)sizeof text - 1;
	sendto(notify->fd, text, (size_t)len, MSG_NOSIGNAL,
	    (const struct sockaddr *)&notify->address, notify->address_len);
}

void
notify_reloading(const struct notify *notify)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%" PRIi64 "\nSTATUS=reloading",
	    (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
