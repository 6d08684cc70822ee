/* SPDX-License-Identifier: ISC */
/* house.h - a listener with a spool on disk, and guests that come over TCP. */
#ifndef UNIT_LISTENER_HOUSE_H
#define UNIT_LISTENER_HOUSE_H

#include <stddef.h>

#include "../spool/rig.h"
#include "base/str.h"
#include "config/config.h"
#include "listener/gate.h"

struct evbuffer;

enum { HOUSE_LIMIT_MS = 10000 };

struct house {
	struct rig rig;
	struct config config;
	struct config_listen listen;
	struct cidr relay_from;
	char name[8], host[32], domain[32];
	int fd;
	struct gate gate; /* no TLS */
	struct gates gates;
	struct listener *listener;
	int done; /* times that a drain's on_done was called */
};

struct guest {
	struct house *house;
	int fd;
	struct str heard;
};

/* Set up, so that the test may still change the config; then begin to accept. */
void house_setup(struct house *house);
void house_open(struct house *house);
void house_close(struct house *house);
void house_turn(struct house *house);

/* Read all that was kept, the number is returned; the last content goes to out. */
unsigned house_read_spool(struct house *house, struct evbuffer *out);

void guest_come(struct house *house, struct guest *guest);
void guest_go(struct guest *guest);
void guest_say(struct guest *guest, const void *data, size_t len);

/* Read until that many lines were heard, or EOF; they stand in guest->heard. */
void guest_hear(struct guest *guest, size_t lines);

/* The next line must begin so; nothing but EOF must follow. */
void guest_hear_code(struct guest *guest, const char *start);
void guest_hear_end(struct guest *guest);

#define GUEST_ENVELOPE "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"

/* HELO, with the greeting before; the envelope, up to 354. */
void guest_say_hello(struct guest *guest);
void guest_say_envelope(struct guest *guest);

#endif
