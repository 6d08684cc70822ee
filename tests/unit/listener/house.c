/* SPDX-License-Identifier: ISC */
/* house.c - see house.h.  Clients and listener share one thread and one loop. */
#include "house.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "listener/listener.h"
#include "net/listen.h"

void
house_setup(struct house *house)
{
	memset(house, 0, sizeof *house);
	signal(SIGPIPE, SIG_IGN);
	rig_open(&house->rig, 4 * 1024 * 1024);
	rig_writer(&house->rig);
	cidr_parse("127.0.0.0/8", &house->relay_from, &(const char *){ NULL });
	snprintf(house->name, sizeof house->name, "local");
	snprintf(house->host, sizeof house->host, "relay.example.com");
	snprintf(house->domain, sizeof house->domain, "example.com");
	house->listen =
	    (struct config_listen){ .name = house->name, .relay_from = { &house->relay_from, 1 } };
	house->config = (struct config){ .hostname = house->host,
		.domain = house->domain,
		.listen = &house->listen,
		.nlisten = 1,
		.limits = { .message_size = 1 << 20,
		    .recipients = 100,
		    .connections = 50,
		    .connections_per_client = 50,
		    .errors = 20,
		    .idle_ms = 60000,
		    .data_ms = 60000,
		    .min_free = 1 } };
	house->fd = listen_tcp("127.0.0.1", 0);
	ck_assert_int_ge(house->fd, 0);
}

void
house_open(struct house *house)
{
	house->gates = (struct gates){ .gate = &house->gate, .count = 1 };
	house->listener = listener_new(house->rig.base, &house->config, &house->gates, &house->fd,
	    house->rig.spool, house->rig.writer, &house->rig.counters, NULL);
	ck_assert_ptr_nonnull(house->listener);
}

void
house_close(struct house *house)
{
	listener_free(&house->listener);
	ck_assert_ptr_null(house->listener);
	for (int i = 0; i < 10; i++) /* connections that linger see that their client has gone */
		house_turn(house);
	close(house->fd);
	rig_close(&house->rig);
}

void
house_turn(struct house *house)
{
	event_base_loop(house->rig.base, EVLOOP_NONBLOCK);
	usleep(200);
}

void
guest_come(struct house *house, struct guest *guest)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(listen_port(house->fd)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	*guest = (struct guest){ .house = house, .fd = socket(AF_INET, SOCK_STREAM, 0) };
	ck_assert_int_eq(connect(guest->fd, (struct sockaddr *)&to, sizeof to), 0);
	fcntl(guest->fd, F_SETFL, O_NONBLOCK);
}

void
guest_go(struct guest *guest)
{
	close(guest->fd);
	str_free(&guest->heard);
}

void
guest_say(struct guest *guest, const void *data, size_t len)
{
	int64_t until = clock_mono_ms() + HOUSE_LIMIT_MS;

	for (const char *at = data; len > 0;) {
		ssize_t n = send(guest->fd, at, len, MSG_NOSIGNAL);

		ck_assert_int_lt(clock_mono_ms(), until);
		if (n < 0)
			house_turn(guest->house);
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

void
guest_hear(struct guest *guest, size_t lines)
{
	int64_t until = clock_mono_ms() + HOUSE_LIMIT_MS;
	size_t seen = 0, looked = 0;

	str_cut(&guest->heard, 0);
	while (seen < lines) {
		char octet;
		ssize_t n = recv(guest->fd, &octet, 1, 0);

		if (n == 0)
			return;
		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			ck_assert_msg(clock_mono_ms() < until, "heard only: %s",
			    guest->heard.data ? guest->heard.data : "");
			house_turn(guest->house);
			continue;
		}
		str_add(&guest->heard, &octet, 1);
		seen += octet == '\n';
		looked++;
	}
	ck_assert_uint_gt(looked, 0);
}

void
guest_hear_code(struct guest *guest, const char *start)
{
	guest_hear(guest, 1);
	ck_assert_msg(guest->heard.len > 0 && strncmp(guest->heard.data, start, strlen(start)) == 0,
	    "expected %s, heard: %s", start, guest->heard.data ? guest->heard.data : "");
}

void
guest_hear_end(struct guest *guest)
{
	guest_hear(guest, 1);
	ck_assert_uint_eq(guest->heard.len, 0);
}

void
guest_say_hello(struct guest *guest)
{
	guest_hear_code(guest, "220 relay.example.com");
	guest_say(guest, "HELO app\r\n", 10);
	guest_hear_code(guest, "250 ");
}

void
guest_say_envelope(struct guest *guest)
{
	guest_say(guest, GUEST_ENVELOPE, sizeof GUEST_ENVELOPE - 1);
	guest_hear(guest, 2);
	guest_hear_code(guest, "354 ");
}

unsigned
house_read_spool(struct house *house, struct evbuffer *out)
{
	struct spool_reader *reader = spool_reader_new(house->rig.spool, &house->rig.counters);
	struct spool_record record;
	unsigned count = 0;

	while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD) {
		uint64_t len;
		int fd = -1;

		count++;
		ck_assert_str_eq(record.envelope->from, "a@example.org");
		ck_assert_str_eq(record.envelope->rcpt[0], "b@example.net");
		ck_assert_uint_eq(record.envelope->nrcpt, 1);
		evbuffer_drain(out, evbuffer_get_length(out));
		ck_assert_int_eq(
		    spool_read_content(house->rig.spool, &record.place, out, &fd, &len), 0);
		while (fd >= 0 && evbuffer_read(out, fd, 65536) > 0)
			;
		if (fd >= 0)
			close(fd);
		ck_assert_uint_eq(evbuffer_get_length(out), len);
		envelope_free(&record.envelope);
	}
	spool_reader_free(&reader);
	return count;
}
