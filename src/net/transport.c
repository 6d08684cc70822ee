/* SPDX-License-Identifier: ISC */
/*
 * transport.c - plain and TLS input and output.
 * Input passes through the stack, so that a buffer holds what arrived and not what might have: many
 * idle sessions then cost little.  The process must ignore SIGPIPE: OpenSSL writes with write(2).
 *
 * OpenSSL goes on reading until there are octets for us, and a peer can send records without any
 * for ever: so each call has an allowance, and key updates, the dearest of them, are counted.
 */
#include "net/transport.h"

#include <errno.h>
#include <event2/buffer.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PLAIN_READ = 32 * 1024,
	RECORD_MAX = SSL3_RT_MAX_PLAIN_LENGTH,
	ALLOWANCE = 64 * 1024,
	KEY_UPDATES_MAX = 100, /* one is due after 2^24 records (RFC 8446 5.5) */
};

static bool
is_transient(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static enum io
plain_read(struct transport *io, struct evbuffer *in, size_t max)
{
	char buf[PLAIN_READ];
	ssize_t n = read(io->fd, buf, max < sizeof buf ? max : sizeof buf);

	if (n < 0)
		return is_transient(errno) ? IO_WANT_READ : IO_ERROR;
	if (n == 0)
		return IO_EOF;
	if (evbuffer_add(in, buf, (size_t)n) == 0)
		return IO_DONE;
	errno = ENOMEM;
	return IO_ERROR;
}

static enum io
plain_write(struct transport *io, struct evbuffer *out)
{
	while (evbuffer_get_length(out) > 0)
		if (evbuffer_write(out, io->fd) < 0)
			return is_transient(errno) ? IO_WANT_WRITE : IO_ERROR;
	return IO_DONE;
}

/* What a call on the session that did not succeed means. */
static enum io
tls_result(struct transport *io, int ret)
{
	int error = errno;

	switch (SSL_get_error(io->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return IO_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return IO_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return IO_EOF;
	case SSL_ERROR_SYSCALL:
		io->is_broken = true;
		errno = error;
		return error == 0 ? IO_EOF : IO_ERROR;
	default:
		io->is_broken = true;
		if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return IO_EOF;
		return IO_TLS;
	}
}

/* Called before and after each of OpenSSL's reads: without an allowance it finds nothing to read.
 */
static long
on_bio(BIO *bio, int operation, const char *data, size_t len, int argi, long argl, int result,
    size_t *processed)
{
	struct transport *io = (void *)BIO_get_callback_arg(bio);

	(void)data;
	(void)len;
	(void)argi;
	(void)argl;
	if (operation == BIO_CB_READ && io->allowance == 0) {
		BIO_clear_retry_flags(bio);
		BIO_set_retry_read(bio);
		return -1;
	}
	if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0)
		io->allowance -= *processed < io->allowance ? *processed : io->allowance;
	return result;
}

static void
on_message(int is_sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
	struct transport *io = arg;

	(void)version;
	(void)ssl;
	if (is_sent || type != SSL3_RT_HANDSHAKE || len == 0 ||
	    *(const unsigned char *)data != SSL3_MT_KEY_UPDATE)
		return;
	if (++io->key_updates > KEY_UPDATES_MAX)
		io->allowance = 0;
}

static enum io
tls_read(struct transport *io, struct evbuffer *in, size_t max)
{
	char buf[RECORD_MAX];

	for (size_t total = 0; total < max;) {
		ERR_clear_error();
		errno = 0;
		int n = SSL_read(io->ssl, buf, sizeof buf);
		if (io->key_updates > KEY_UPDATES_MAX) {
			io->is_broken = true;
			ERR_raise(ERR_LIB_SSL, SSL_R_TOO_MANY_KEY_UPDATES);
			return IO_TLS;
		}
		if (n <= 0)
			return tls_result(io, n);
		if (evbuffer_add(in, buf, (size_t)n) != 0) {
			errno = ENOMEM;
			return IO_ERROR;
		}
		total += (size_t)n;
	}
	return IO_DONE;
}

/* A socket that takes no more may still hold the peer's last words.  OpenSSL can be asked for them:
 * its reading side knows nothing of the write. */
static enum io
write_result(struct transport *io, int ret)
{
	enum io result = tls_result(io, ret);

	if (result == IO_ERROR) {
		io->is_broken = false;
		io->is_mute = true;
	}
	return result;
}

static enum io
tls_write(struct transport *io, struct evbuffer *out)
{
	size_t len;

	while ((len = evbuffer_get_length(out)) > 0) {
		size_t record = len < RECORD_MAX ? len : RECORD_MAX;
		const unsigned char *data = evbuffer_pullup(out, (ev_ssize_t)record);
		if (data == NULL) {
			errno = ENOMEM;
			return IO_ERROR;
		}
		ERR_clear_error();
		errno = 0;
		int n = SSL_write(io->ssl, data, (int)record);
		if (n <= 0)
			return write_result(io, n);
		evbuffer_drain(out, (size_t)n);
	}
	return IO_DONE;
}

enum io
transport_read(struct transport *io, struct evbuffer *in, size_t max)
{
	if (io->is_broken)
		return IO_EOF;
	io->allowance = ALLOWANCE;
	return io->ssl == NULL ? plain_read(io, in, max) : tls_read(io, in, max);
}

enum io
transport_write(struct transport *io, struct evbuffer *out)
{
	if (io->is_broken || io->is_mute) {
		errno = EPIPE;
		return IO_ERROR;
	}
	return io->ssl == NULL ? plain_write(io, out) : tls_write(io, out);
}

int
transport_start_tls(struct transport *io, struct ssl_st *ssl)
{
	if (SSL_set_fd(ssl, io->fd) != 1) {
		SSL_free(ssl);
		errno = ENOMEM;
		return -1;
	}
	SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			      SSL_MODE_RELEASE_BUFFERS);
	/* Header and body of a record with one read(2). */
	SSL_set_read_ahead(ssl, 1);
	BIO_set_callback_ex(SSL_get_rbio(ssl), on_bio);
	BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)io);
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, io);
	io->ssl = ssl;
	return 0;
}

enum io
transport_handshake(struct transport *io)
{
	ERR_clear_error();
	errno = 0;
	io->allowance = ALLOWANCE;
	int ret = SSL_do_handshake(io->ssl);
	return ret == 1 ? IO_DONE : tls_result(io, ret);
}

bool
transport_has_pending(const struct transport *io)
{
	return io->ssl != NULL && !io->is_broken && SSL_has_pending(io->ssl) == 1;
}

/* Whether the session may be used for its end. */
static bool
is_sound(const struct transport *io)
{
	return io->ssl != NULL && !io->is_broken && !io->is_mute && SSL_is_init_finished(io->ssl);
}

void
transport_shutdown(struct transport *io)
{
	if (is_sound(io)) {
		SSL_shutdown(io->ssl);
		ERR_clear_error();
	}
	shutdown(io->fd, SHUT_WR);
}

void
transport_close(struct transport *io)
{
	if (is_sound(io))
		/* A session that was not shut down may not be resumed, thinks SSL_free(). */
		SSL_set_shutdown(io->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(io->ssl);
	io->ssl = NULL;
	close(io->fd);
	io->fd = -1;
}
