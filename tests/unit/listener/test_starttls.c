/* SPDX-License-Identifier: ISC */
/* test_starttls.c - STARTTLS (RFC 3207), and TLS from the start.  Tests starttls.c, gate.c. */
#include "unit.h"

#include <event2/event.h>
#include <openssl/ssl.h>
#include <string.h>

#include "../net/certs.h"
#include "config/certificate.h"
#include "net/tls_server.h"
#include "talk.h"

#define PLAIN_EHLO "250-relay\\.example\\.com\\|.*250-STARTTLS\\|.*"

static struct talk talk;
static SSL_CTX *client_ctx;
static SSL *client;

static void
set_up(void)
{
	struct cert cert = cert_make("DNS:relay.example.com", -1, 30, NULL);
	struct certificate certificate = {
		.leaf = cert.x509, .chain = sk_X509_new_null(), .key = cert.key
	};
	struct str why = STR_EMPTY;

	talk_setup(&talk);
	talk.gate.tls = tls_server_new(&certificate, TLS_LEAST_1_2, &why);
	ck_assert_ptr_nonnull(talk.gate.tls);
	talk.listen.tls = TLS_STARTTLS;
	sk_X509_free(certificate.chain);
	cert_free(&cert);
	client_ctx = SSL_CTX_new(TLS_client_method());
	client = SSL_new(client_ctx);
}

static void
tear_down(void)
{
	SSL_free(client);
	SSL_CTX_free(client_ctx);
	tls_server_free(&talk.gate.tls);
	talk_end(&talk);
}

/* The client's half of a handshake, over the socket that talk has read from so far. */
static void
secure(void)
{
	int done;

	event_del(talk.readable);
	SSL_set_fd(client, talk.fd);
	SSL_set_connect_state(client);
	while ((done = SSL_do_handshake(client)) != 1) {
		ck_assert_int_eq(SSL_get_error(client, done), SSL_ERROR_WANT_READ);
		event_base_loop(talk.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
}

/* Say something, if it is not NULL, and hear a reply that is one octet string with this start. */
static void
exchange(const char *line, const char *start)
{
	char heard[1024];
	int n;

	if (line != NULL)
		ck_assert_int_gt(SSL_write(client, line, (int)strlen(line)), 0);
	while ((n = SSL_read(client, heard, sizeof heard - 1)) <= 0) {
		ck_assert_int_eq(SSL_get_error(client, n), SSL_ERROR_WANT_READ);
		event_base_loop(talk.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
	heard[n] = '\0';
	ck_assert_msg(strncmp(heard, start, strlen(start)) == 0, "heard %s", heard);
	ck_assert_ptr_null(strstr(heard, "250-STARTTLS"));
}

static void
begin_starttls(void)
{
	static const char *const lines[] = { "S: 220 .*", "C: EHLO a", "S: " PLAIN_EHLO,
		"C: STARTTLS", "S: 220 2.0.0 .*", NULL };

	talk_begin(&talk);
	talk_run(&talk, TALK_LINES, lines);
	secure();
}

START_TEST(all_begins_anew_behind_starttls)
{
	begin_starttls();
	exchange("MAIL FROM:<a@x>\r\n", "503 5.5.1 ");
	exchange("STARTTLS\r\n", "503 5.5.1 ");
	exchange("EHLO a\r\n", "250-relay.example.com\r\n");
	exchange("MAIL FROM:<a@x.example>\r\n", "250 2.1.0 ");
}
END_TEST

START_TEST(starttls_is_not_said_twice)
{
	begin_starttls();
	exchange("EHLO a\r\n", "250-relay.example.com\r\n");
	exchange("STARTTLS\r\n", "503 5.5.1 ");
}
END_TEST

START_TEST(a_tls_client_is_greeted_behind_the_handshake)
{
	talk.listen.tls = TLS_IMPLICIT;
	talk_begin(&talk);
	talk_settle(&talk);
	ck_assert_uint_eq(talk.heard.len, 0);
	secure();
	exchange(NULL, "220 relay.example.com ESMTP postern");
	exchange("EHLO a\r\n", "250-relay.example.com\r\n");
}
END_TEST

/* What somebody without TLS put behind STARTTLS is not taken for the client's own words. */
START_TEST(injected_commands_end_the_session)
{
	static const char *const lines[] = { "S: 220 .*", "C: EHLO a", "S: " PLAIN_EHLO, NULL };
	static const char both[] = "STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n";

	talk_begin(&talk);
	talk_run(&talk, TALK_LINES, lines);
	talk_send(&talk, both, sizeof both - 1);
	talk_hear(&talk, "421 4.7.0 .*");
	talk_hear_close(&talk);
}
END_TEST

START_TEST(order_and_syntax)
{
	static const char *const lines[] = { "S: 220 .*", "C: STARTTLS", "S: 503 5.5.1 .*",
		"C: EHLO a", "S: " PLAIN_EHLO, "C: STARTTLS now", "S: 501 5.5.4 .*",
		"C: MAIL FROM:<a@x.example>", "S: 250 .*", "C: STARTTLS", "S: 503 5.5.1 .*",
		"C: HELP", "S: 214 .* STARTTLS.*", NULL };

	talk_begin(&talk);
	talk_run(&talk, (enum talk_pace)_i, lines);
}
END_TEST

START_TEST(without_a_certificate_it_is_not_spoken)
{
	static const char *const lines[] = { "S: 220 .*", "C: EHLO a",
		"S: 250-relay[^|]*\\|250-PIPELINING\\|250-SIZE [0-9]*\\|.*", "C: STARTTLS",
		"S: 502 5.5.1 .*", NULL };

	tls_server_free(&talk.gate.tls);
	talk_begin(&talk);
	talk_run(&talk, (enum talk_pace)_i, lines);
}
END_TEST

START_TEST(a_failed_handshake_ends_the_session)
{
	static const char *const lines[] = { "S: 220 .*", "C: EHLO a", "S: " PLAIN_EHLO,
		"C: STARTTLS", "S: 220 2.0.0 .*", "C: NOOP", NULL };

	talk_begin(&talk);
	talk_run(&talk, TALK_LINES, lines);
	while (talk.session != NULL)
		event_base_loop(talk.base, EVLOOP_ONCE);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("starttls");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, all_begins_anew_behind_starttls);
	tcase_add_test(tcase, starttls_is_not_said_twice);
	tcase_add_test(tcase, a_tls_client_is_greeted_behind_the_handshake);
	tcase_add_test(tcase, injected_commands_end_the_session);
	tcase_add_loop_test(tcase, order_and_syntax, 0, TALK_PACES);
	tcase_add_loop_test(tcase, without_a_certificate_it_is_not_spoken, 0, TALK_PACES);
	tcase_add_test(tcase, a_failed_handshake_ends_the_session);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("starttls")
