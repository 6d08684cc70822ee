/* SPDX-License-Identifier: ISC */
/* wire.c - see wire.h. */
#include "sendmail/wire.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

enum { TIMEOUT_S = 600, LINE_SIZE = 4096 };

int
wire_open_from(struct wire *wire, const struct sockaddr *from, const struct sockaddr *to,
    socklen_t len, unsigned timeout_s)
{
	const struct timeval timeout = { .tv_sec = timeout_s };
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*wire = (struct wire){ .fd = fd };
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	if ((from == NULL || bind(fd, from, len) == 0) && connect(fd, to, len) == 0)
		return 0;

	int saved = errno;

	wire_close(wire);
	errno = saved == EINPROGRESS ? ETIMEDOUT : saved;
	return -1;
}

static int
open_unix(struct wire *wire, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof sun.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	return wire_open_from(wire, NULL, (struct sockaddr *)&sun, sizeof sun, TIMEOUT_S);
}

int
wire_open(struct wire *wire, const char *address, uint16_t port, bool verbose)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	char service[8];
	int result;

	*wire = (struct wire){ .fd = -1 };
	(void)snprintf(service, sizeof service, "%u", port);
	if (address[0] == '/') {
		result = open_unix(wire, address);
	} else if (getaddrinfo(address, service, &hints, &found) != 0) {
		errno = EINVAL;
		return -1;
	} else {
		result = wire_open_from(wire, NULL, found->ai_addr, found->ai_addrlen, TIMEOUT_S);
		freeaddrinfo(found);
	}
	wire->verbose = verbose;
	return result;
}

int
wire_begin_tls(struct wire *wire)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	wire->ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	SSL_CTX_free(ctx);
	if (wire->ssl != NULL && SSL_set_fd(wire->ssl, wire->fd) == 1 &&
	    SSL_connect(wire->ssl) == 1)
		return 0;
	return -1;
}

void
wire_close(struct wire *wire)
{
	SSL_free(wire->ssl);
	wire->ssl = NULL;
	if (wire->fd != -1)
		close(wire->fd);
	wire->fd = -1;
}

/* TLS has failed, or ended, where it does not go on: errno tells which if it can. */
static ssize_t
tls_result(const struct wire *wire, int result)
{
	if (result > 0)
		return result;
	return SSL_get_error(wire->ssl, result) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t
send_some(struct wire *wire, const void *data, size_t len)
{
	if (wire->ssl == NULL)
		return send(wire->fd, data, len, MSG_NOSIGNAL);
	return tls_result(wire, SSL_write(wire->ssl, data, len > INT_MAX ? INT_MAX : (int)len));
}

static ssize_t
receive_some(struct wire *wire)
{
	if (wire->ssl == NULL)
		return recv(wire->fd, wire->in, sizeof wire->in, 0);
	return tls_result(wire, SSL_read(wire->ssl, wire->in, sizeof wire->in));
}

int
wire_send(struct wire *wire, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t sent = send_some(wire, at, len);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1)
			return -1;
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

/* One line without its end; -1 and errno. */
static ssize_t
read_line(struct wire *wire, char line[LINE_SIZE])
{
	size_t len = 0;

	for (;;) {
		if (wire->in_at == wire->in_len) {
			ssize_t got = receive_some(wire);

			if (got == -1 && errno == EINTR)
				continue;
			if (got <= 0) {
				errno = got == 0 ? ECONNRESET : errno == EAGAIN ? ETIMEDOUT : errno;
				return -1;
			}
			wire->in_at = 0;
			wire->in_len = (size_t)got;
		}

		char c = wire->in[wire->in_at++];

		if (c == '\n') {
			if (len > 0 && line[len - 1] == '\r')
				len--;
			return (ssize_t)len;
		}
		if (len == LINE_SIZE - 1) {
			errno = EPROTO;
			return -1;
		}
		line[len++] = c;
	}
}

int
wire_reply(struct wire *wire)
{
	char line[LINE_SIZE];
	enum smtp_reply_result result = SMTP_REPLY_MORE;

	smtp_reply_reset(&wire->reply);
	while (result == SMTP_REPLY_MORE) {
		ssize_t len = read_line(wire, line);

		if (len == -1)
			return -1;
		if (wire->verbose)
			fprintf(stderr, "<<< %.*s\n", (int)len, line);
		result = smtp_reply_feed(&wire->reply, line, (size_t)len);
	}
	if (result == SMTP_REPLY_DONE)
		return wire->reply.code;
	errno = EPROTO;
	return -1;
}

int
wire_command(struct wire *wire, const char *format, ...)
{
	struct str line = STR_EMPTY;
	va_list args;
	int result = -1;

	va_start(args, format);
	str_vprintf(&line, format, args);
	va_end(args);
	for (size_t i = 0; i < line.len; i++) {
		if ((unsigned char)line.data[i] < ' ' || line.data[i] == 127) {
			str_free(&line);
			errno = EINVAL; /* it would be more than one command */
			return -1;
		}
	}
	if (wire->verbose && !str_is_bad(&line))
		fprintf(stderr, ">>> %s\n", line.data);
	str_puts(&line, "\r\n");
	if (str_is_bad(&line))
		errno = ENOMEM;
	else if (wire_send(wire, line.data, line.len) == 0)
		result = wire_reply(wire);
	str_free(&line);
	return result;
}

static ssize_t
copy(int from, int to)
{
	char buf[16384];
	ssize_t got = read(from, buf, sizeof buf);

	for (ssize_t done = 0; done < got;) {
		ssize_t put = write(to, buf + done, (size_t)(got - done));

		if (put == -1)
			return -1;
		done += put;
	}
	return got;
}

int
wire_pass_through(struct wire *wire)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = wire->fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, TIMEOUT_S * 1000) <= 0)
			return -1;
		if (fds[1].revents != 0) {
			ssize_t got = copy(wire->fd, STDOUT_FILENO);

			if (got <= 0)
				return (int)got;
		}
		if (fds[0].revents != 0 && copy(STDIN_FILENO, wire->fd) <= 0) {
			shutdown(wire->fd, SHUT_WR);
			fds[0].fd = -1;
		}
	}
}
