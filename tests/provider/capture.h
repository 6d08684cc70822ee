/* SPDX-License-Identifier: ISC */
/*
 * capture.h - where received messages go: DIR/new/NAME holds the exact octets,
 * DIR/meta/NAME.json what was said about them.  The meta file is in place
 * before the message shows in DIR/new.
 */
#ifndef PROVIDER_CAPTURE_H
#define PROVIDER_CAPTURE_H

#include <jansson.h>
#include <stddef.h>

struct capture;
struct message;

/* Make the directories; a NULL dir keeps nothing.  NULL with errno. */
struct capture *capture_new(const char *dir);
void capture_free(struct capture **capture);

struct message *message_new(struct capture *capture);
void message_free(struct message **message);

/* Add octets; trouble with the disk shows at message_accept(). */
void message_add(struct message *message, const void *data, size_t len);

size_t message_octets(const struct message *message);

/* The first line of the value of the first header field of that name; "" when there is none. */
void message_header(const struct message *message, const char *name, char *out, size_t size);

/*
 * File the message under a name made from the numbers of its connection and
 * transaction; takes `meta`.  0, or -1 with errno.
 */
int message_accept(
    struct message *message, json_t *meta, unsigned long connection, unsigned long transaction);

/* Does anybody want the meta data? */
int capture_keeps(const struct capture *capture);

#endif
