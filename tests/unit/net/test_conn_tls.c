/* SPDX-License-Identifier: ISC */
/* Tests of src/net/conn.c with TLS: two connections of ours talk to each other, or one to a raw
 * peer. */
#include <event2/buffer.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "certs.h"
#include "config/config.h"
#include "loop.h"
#include "net/conn.h"
#include "net/tls.h"
#include "unit.h"

enum { STREAM = 4 * 1024 * 1024, BLOCK = 10000 };

struct side {
	struct conn *conn;
	int secured, inputs, ended;
	enum conn_end how;
	struct str why;
	size_t received, to_send;
	char first[32]; /* the beginning of what was received */
	bool free_on_secure, keeps_input;
};

static struct event_base *base;
static struct cert ca, cert;
static SSL_CTX *server_ctx;
static struct config_upstream config;
static struct tls_client *client_ctx;
static int fds[2];
static struct side client, server;

static void
send_more(struct side *s)
{
	static const char block[BLOCK];

	while (s->to_send > 0 && evbuffer_get_length(conn_output(s->conn)) < 2 * CONN_LOW_WATER) {
		size_t n = s->to_send < BLOCK ? s->to_send : BLOCK;
		evbuffer_add(conn_output(s->conn), block, n);
		s->to_send -= n;
	}
}

static void
on_secure(void *ctx)
{
	struct side *s = ctx;

	s->secured++;
	if (s->free_on_secure)
		conn_free(&s->conn);
	else
		send_more(s);
}

static void
on_input(void *ctx)
{
	struct side *s = ctx;
	struct evbuffer *in = conn_input(s->conn);

	s->inputs++;
	if (s->keeps_input)
		return;
	if (s->received == 0)
		evbuffer_copyout(in, s->first, sizeof s->first - 1);
	s->received += evbuffer_get_length(in);
	evbuffer_drain(in, evbuffer_get_length(in));
}

static void
on_drain(void *ctx)
{
	send_more(ctx);
}

static void
on_end(void *ctx, enum conn_end how, const char *why)
{
	struct side *s = ctx;

	s->ended++;
	s->how = how;
	str_puts(&s->why, why);
}

static const struct conn_events events = {
	.on_secure = on_secure,
	.on_input = on_input,
	.on_drain = on_drain,
	.on_end = on_end,
};

static void
set_up(void)
{
	char ca_file[32];
	struct str why = STR_EMPTY;

	base = loop_new();
	ca = cert_make(NULL, -1, 1, NULL);
	cert = cert_make("DNS:mail.example", -1, 1, &ca);
	server_ctx = cert_server(&cert);
	cert_save(&ca, ca_file);
	config.host = (char *)(uintptr_t) "mail.example";
	config.ca_file = ca_file;
	client_ctx = tls_client_new(&config, NULL, &why);
	unlink(ca_file);
	ck_assert_ptr_nonnull(client_ctx);
	str_free(&why);
	memset(&client, 0, sizeof client);
	memset(&server, 0, sizeof server);
	pair_tcp(fds);
	client.conn = conn_new(base, fds[0], &events, &client);
}

static void
end_side(struct side *s)
{
	conn_free(&s->conn);
	str_free(&s->why);
}

static void
tear_down(void)
{
	end_side(&client);
	end_side(&server);
	event_base_dispatch(base);
	event_base_free(base);
	tls_client_free(&client_ctx);
	SSL_CTX_free(server_ctx);
	cert_free(&cert);
	cert_free(&ca);
}

static SSL *
server_ssl(void)
{
	SSL *ssl = SSL_new(server_ctx);

	SSL_set_accept_state(ssl);
	return ssl;
}

/* Begin TLS on both ends. */
static void
begin_tls(void)
{
	server.conn = conn_new(base, fds[1], &events, &server);
	ck_assert_int_eq(conn_start_tls(server.conn, server_ssl()), 0);
	ck_assert_int_eq(conn_start_tls(client.conn, tls_client_session(client_ctx)), 0);
}

static void
secure(void)
{
	begin_tls();
	loop_until(base, &client.secured);
	loop_until(base, &server.secured);
}

START_TEST(test_secures)
{
	secure();
	ck_assert(conn_is_secure(client.conn));
	ck_assert_ptr_nonnull(conn_ssl(client.conn));
	evbuffer_add(conn_output(client.conn), "EHLO a\r\n", 8);
	conn_flush(client.conn);
	loop_until(base, &server.inputs);
	ck_assert_str_eq(server.first, "EHLO a\r\n");
}
END_TEST

START_TEST(test_resumes_also_after_a_hasty_end)
{
	secure();
	evbuffer_add(conn_output(server.conn), "220 hi\r\n", 8);
	conn_flush(server.conn);
	loop_until(base, &client.inputs);
	conn_free(&client.conn);
	conn_free(&server.conn);
	client.secured = server.secured = 0;
	pair_tcp(fds);
	client.conn = conn_new(base, fds[0], &events, &client);
	secure();
	ck_assert_int_eq(SSL_session_reused(conn_ssl(client.conn)), 1);
}
END_TEST

START_TEST(test_buffered_plaintext_is_refused)
{
	char line[64];
	size_t len;
	bool bare_lf;

	client.keeps_input = true;
	ck_assert_int_eq(write(fds[1], "220 go\r\n250 injected\r\n", 22), 22);
	loop_until(base, &client.inputs);
	ck_assert_int_eq(
	    conn_read_line(client.conn, line, sizeof line, &len, &bare_lf), CONN_LINE_OK);
	ck_assert_int_eq(conn_start_tls(client.conn, tls_client_session(client_ctx)), -1);
	ck_assert(!conn_is_secure(client.conn));
	close(fds[1]);
}
END_TEST

START_TEST(test_output_waits_for_the_handshake)
{
	char buf[4096];

	ck_assert_int_eq(conn_start_tls(client.conn, tls_client_session(client_ctx)), 0);
	evbuffer_add(conn_output(client.conn), "secret", 6);
	conn_flush(client.conn);
	loop_for(base, 20);
	ssize_t n = read(fds[1], buf, sizeof buf);
	ck_assert_int_gt(n, 6);
	ck_assert_ptr_null(memmem(buf, (size_t)n, "secret", 6));
	close(fds[1]);
}
END_TEST

static bool
both_have_all(void *arg)
{
	(void)arg;
	return client.received == STREAM && server.received == STREAM;
}

START_TEST(test_streams_both_ways)
{
	client.to_send = server.to_send = STREAM;
	begin_tls();
	loop_until_so(base, both_have_all, NULL, "all has arrived");
}
END_TEST

START_TEST(test_pause_and_resume_lose_nothing)
{
	server.to_send = STREAM;
	begin_tls();
	for (int turn = 0; client.received < STREAM; turn++) {
		if (turn % 2 == 0)
			conn_pause(client.conn);
		else
			conn_resume(client.conn);
		event_base_loop(base, EVLOOP_NONBLOCK);
		ck_assert_int_eq(client.ended, 0);
	}
}
END_TEST

/* Carry octets between two sockets one at a time. */
static bool
trickle(int from, int to)
{
	char byte;

	if (read(from, &byte, 1) != 1)
		return false;
	ck_assert_int_eq(write(to, &byte, 1), 1);
	return true;
}

START_TEST(test_octet_by_octet)
{
	int other[2];

	pair_tcp(other);
	server.conn = conn_new(base, other[0], &events, &server);
	conn_start_tls(server.conn, server_ssl());
	conn_start_tls(client.conn, tls_client_session(client_ctx));
	evbuffer_add(conn_output(client.conn), "EHLO a\r\n", 8);
	while (server.received < 8) {
		trickle(fds[1], other[1]);
		trickle(other[1], fds[1]);
		event_base_loop(base, EVLOOP_NONBLOCK);
		ck_assert_int_eq(client.ended + server.ended, 0);
	}
	ck_assert_str_eq(server.first, "EHLO a\r\n");
	close(fds[1]);
	close(other[1]);
}
END_TEST

START_TEST(test_close_sends_close_notify)
{
	secure();
	evbuffer_add(conn_output(server.conn), "221 bye\r\n", 9);
	conn_close(&server.conn, 2000);
	loop_until(base, &client.ended);
	ck_assert_int_eq(client.how, CONN_END_EOF);
	ck_assert_str_eq(client.first, "221 bye\r\n");
	ck_assert_int_eq(
	    SSL_get_shutdown(conn_ssl(client.conn)) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}
END_TEST

START_TEST(test_eof_without_close_notify_gives_the_input_first)
{
	secure();
	evbuffer_add(conn_output(server.conn), "421 gone\r\n", 10);
	conn_flush(server.conn);
	conn_free(&server.conn);
	loop_until(base, &client.ended);
	ck_assert_int_eq(client.how, CONN_END_EOF);
	ck_assert_str_eq(client.first, "421 gone\r\n");
}
END_TEST

/* Who refuses a message amid its content may close at once: what is still on its way resets. */
START_TEST(test_last_words_are_read_though_nothing_can_be_written)
{
	secure();
	evbuffer_add(conn_output(client.conn), "DATA\r\n", 6);
	conn_flush(client.conn);
	evbuffer_add(conn_output(server.conn), "552 too big\r\n", 13);
	conn_flush(server.conn);
	conn_free(&server.conn);
	client.to_send = STREAM;
	send_more(&client);
	conn_flush(client.conn);
	loop_until(base, &client.ended);
	ck_assert_str_eq(client.first, "552 too big\r\n");
}
END_TEST

START_TEST(test_garbage_ends_the_handshake)
{
	ck_assert_int_eq(conn_start_tls(client.conn, tls_client_session(client_ctx)), 0);
	ck_assert_int_eq(write(fds[1], "220 not TLS at all\r\n", 20), 20);
	loop_until(base, &client.ended);
	ck_assert_int_eq(client.how, CONN_END_TLS);
	ck_assert_str_eq(client.why.data, "wrong version number: what came is no TLS");
	close(fds[1]);
}
END_TEST

START_TEST(test_garbage_in_the_stream_ends_it)
{
	secure();
	ck_assert_int_eq(write(fds[1], "\x17\x03\x03\0\4abcd", 9), 9);
	loop_until(base, &client.ended);
	ck_assert_int_eq(client.how, CONN_END_TLS);
	ck_assert_uint_gt(client.why.len, 0);
}
END_TEST

START_TEST(test_eof_ends_the_handshake)
{
	ck_assert_int_eq(conn_start_tls(client.conn, tls_client_session(client_ctx)), 0);
	loop_for(base, 5);
	shutdown(fds[1], SHUT_WR);
	loop_until(base, &client.ended);
	ck_assert_int_eq(client.how, CONN_END_TLS);
	ck_assert_str_eq(client.why.data, "the peer closed during the TLS handshake");
	close(fds[1]);
}
END_TEST

START_TEST(test_deadline_holds_for_the_handshake)
{
	conn_set_deadline(client.conn, 20);
	ck_assert_int_eq(conn_start_tls(client.conn, tls_client_session(client_ctx)), 0);
	loop_until(base, &client.ended);
	ck_assert_int_eq(client.how, CONN_END_DEADLINE);
	close(fds[1]);
}
END_TEST

START_TEST(test_wrong_name_is_explained)
{
	struct str why = STR_EMPTY;
	char ca_file[32];

	tls_client_free(&client_ctx);
	cert_save(&ca, ca_file);
	config.host = (char *)(uintptr_t) "other.example";
	config.ca_file = ca_file;
	client_ctx = tls_client_new(&config, NULL, &why);
	unlink(ca_file);
	begin_tls();
	loop_until(base, &client.ended);
	ck_assert_int_eq(client.how, CONN_END_TLS);
	ck_assert_msg(
	    strstr(client.why.data, "expected: other.example") != NULL, "%s", client.why.data);
	loop_until(base, &server.ended);
	ck_assert_int_eq(server.how, CONN_END_TLS);
	ck_assert_int_eq(client.secured + server.secured, 0);
	str_free(&why);
}
END_TEST

/* A peer that never says anything, and keeps the other side computing. */
static void
update_keys(int times)
{
	SSL *ssl = conn_ssl(client.conn);

	for (int i = 0; i < times; i++) {
		ck_assert_int_eq(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		ck_assert_int_eq(SSL_do_handshake(ssl), 1);
	}
}

START_TEST(test_some_key_updates_are_taken)
{
	secure();
	update_keys(50);
	client.to_send = STREAM;
	send_more(&client);
	conn_flush(client.conn);
	while (server.received < STREAM)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_int_eq(server.ended, 0);
}
END_TEST

START_TEST(test_endless_key_updates_end_it)
{
	secure();
	update_keys(200);
	loop_until(base, &server.ended);
	ck_assert_int_eq(server.how, CONN_END_TLS);
	ck_assert_str_eq(server.why.data, "too many key updates");
}
END_TEST

START_TEST(test_may_be_freed_when_secured)
{
	client.free_on_secure = true;
	begin_tls();
	loop_until(base, &client.secured);
	ck_assert_ptr_null(client.conn);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("tls");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, test_secures);
	tcase_add_test(tcase, test_resumes_also_after_a_hasty_end);
	tcase_add_test(tcase, test_buffered_plaintext_is_refused);
	tcase_add_test(tcase, test_output_waits_for_the_handshake);
	tcase_add_test(tcase, test_streams_both_ways);
	tcase_add_test(tcase, test_pause_and_resume_lose_nothing);
	tcase_add_test(tcase, test_octet_by_octet);
	tcase_add_test(tcase, test_close_sends_close_notify);
	tcase_add_test(tcase, test_eof_without_close_notify_gives_the_input_first);
	tcase_add_test(tcase, test_last_words_are_read_though_nothing_can_be_written);
	tcase_add_test(tcase, test_garbage_ends_the_handshake);
	tcase_add_test(tcase, test_garbage_in_the_stream_ends_it);
	tcase_add_test(tcase, test_eof_ends_the_handshake);
	tcase_add_test(tcase, test_deadline_holds_for_the_handshake);
	tcase_add_test(tcase, test_wrong_name_is_explained);
	tcase_add_test(tcase, test_some_key_updates_are_taken);
	tcase_add_test(tcase, test_endless_key_updates_end_it);
	tcase_add_test(tcase, test_may_be_freed_when_secured);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("conn_tls")
