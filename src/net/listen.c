/* SPDX-License-Identifier: ISC */
/* listen.c - listening sockets: bound here, or handed over by systemd (sd_listen_fds(3)). */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/parse.h"

enum {
	INHERITED_FIRST = 3, /* SD_LISTEN_FDS_START */
	BACKLOG = 65535,     /* the kernel cuts it to net.core.somaxconn */
};

/* A numeric address and a port as a socket address; -1 and EINVAL. */
static int
parse_address(const char *address, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai;
	char service[8];

	hints.ai_socktype = SOCK_STREAM;
	snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(address, service, &hints, &ai) != 0) {
		errno = EINVAL;
		return -1;
	}
	memset(out, 0, sizeof *out);
	memcpy(out, ai->ai_addr, ai->ai_addrlen);
	*len = ai->ai_addrlen;
	freeaddrinfo(ai);
	return 0;
}

/* Close without losing errno. */
static int
give_up(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

int
listen_tcp(const char *address, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int on = 1;

	if (parse_address(address, port, &ss, &len) != 0)
		return -1;
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	/* "::" and "0.0.0.0" are two listeners: what one of them allows is not the other's. */
	if (ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&ss, len) != 0 || listen(fd, BACKLOG) != 0)
		return give_up(fd);
	return fd;
}

/* Whether somebody answers on a unix socket. */
static bool
is_answered(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	/* EAGAIN: its backlog is full, so it lives. */
	bool answered =
	    connect(fd, (const struct sockaddr *)sun, sizeof *sun) == 0 || errno == EAGAIN;
	close(fd);
	return answered;
}

/* Remove a socket that nobody serves any more; anything else is in use. */
static int
remove_stale(const struct sockaddr_un *sun)
{
	struct stat st;

	if (lstat(sun->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode) || is_answered(sun)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(sun->sun_path);
}

/* The socket has its mode from the first moment on.  No chmod: the directory may be of somebody who
 * puts a link there meanwhile. */
static int
bind_unix(int fd, const struct sockaddr_un *sun, mode_t mode)
{
	mode_t before = umask(~mode & 0777);
	int result = bind(fd, (const struct sockaddr *)sun, sizeof *sun);

	umask(before);
	return result;
}

int
listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof sun.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if (remove_stale(&sun) != 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind_unix(fd, &sun, mode) != 0 || listen(fd, BACKLOG) != 0)
		return give_up(fd);
	return fd;
}

static int
adopt(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int
listen_inherited(int *fds, int max)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t n = 0, owner = 0;
	int found = 0;

	if (pid == NULL || count == NULL || parse_number(pid, 1, INT32_MAX, &owner) != 0 ||
	    (pid_t)owner != getpid() || parse_number(count, 1, INT16_MAX, &n) != 0)
		n = 0;
	for (int i = 0; i < (int)n && found < max; i++)
		if (adopt(INHERITED_FIRST + i) == 0)
			fds[found++] = INHERITED_FIRST + i;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return found;
}

static bool
is_listening(int fd)
{
	int value = 0;
	socklen_t len = sizeof value;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value != 0;
}

static bool
is_bound_to(int fd, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof sun;

	return getsockname(fd, (struct sockaddr *)&sun, &len) == 0 && sun.sun_family == AF_UNIX &&
	       strncmp(sun.sun_path, path, sizeof sun.sun_path) == 0;
}

int
listen_matches(int fd, const char *address, uint16_t port)
{
	struct sockaddr_storage wanted, bound;
	socklen_t len, bound_len = sizeof bound;

	if (address[0] == '/')
		return is_listening(fd) && is_bound_to(fd, address);
	memset(&bound, 0, sizeof bound);
	if (!is_listening(fd) || parse_address(address, port, &wanted, &len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &bound_len) != 0 ||
	    wanted.ss_family != bound.ss_family || listen_port(fd) != port)
		return 0;
	if (wanted.ss_family == AF_INET)
		return ((struct sockaddr_in *)&wanted)->sin_addr.s_addr ==
		       ((struct sockaddr_in *)&bound)->sin_addr.s_addr;
	return memcmp(&((struct sockaddr_in6 *)&wanted)->sin6_addr,
		   &((struct sockaddr_in6 *)&bound)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

uint16_t
listen_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return 0;
	if (ss.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&ss)->sin_port);
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return 0;
}
