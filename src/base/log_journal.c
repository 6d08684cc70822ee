/* SPDX-License-Identifier: ISC */
/*
 * log_journal.c - every value is sent with its length, the binary form of the protocol, so that no
 * octet in it can begin a field of its own.  Bounds are those of a line: see log_line.h.
 */
#include "base/log_journal.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The name, two newlines and the length of a value. */
enum { FIELD_OVERHEAD = 64 + 2 + 8 };

struct datagram {
	char *data;
	size_t len;
};

int
log_journal_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Add one field; a value that is too long ends in "...".  A field without room is left out. */
static void
add(struct datagram *d, const char *name, const char *value, size_t len)
{
	size_t name_len = strlen(name);
	size_t kept = len <= LOG_VALUE_MAX ? len : LOG_VALUE_MAX;

	if (name_len > 64 || d->len + FIELD_OVERHEAD + kept > LOG_JOURNAL_SIZE)
		return;

	uint64_t size = htole64(kept);
	char *at = d->data + d->len;

	at = mempcpy(at, name, name_len);
	*at++ = '\n';
	at = mempcpy(at, &size, sizeof size);
	at = mempcpy(at, value, kept);
	if (kept < len)
		memcpy(at - 3, "...", 3);
	*at++ = '\n';
	d->len = (size_t)(at - d->data);
}

/* POSTERN_ and the key in the letters that the journal takes: A to Z, digits and _. */
static void
add_own(struct datagram *d, const char *key, const char *value, size_t len)
{
	char name[65] = "POSTERN_";
	size_t n = strlen(name);

	for (; *key != '\0' && n < sizeof name - 1; key++)
		name[n++] = (char)(*key >= 'a' && *key <= 'z'   ? *key - 'a' + 'A'
				   : *key >= '0' && *key <= '9' ? *key
								: '_');
	name[n] = '\0';
	add(d, name, value, len);
}

static void
add_field(struct datagram *d, const struct log_field *field)
{
	char number[24];

	if (field->text == NULL) {
		int len = snprintf(number, sizeof number, "%" PRId64, field->number);

		add_own(d, field->key, number, (size_t)len);
	} else {
		add_own(d, field->key, field->text, strlen(field->text));
	}
}

size_t
log_journal_datagram(const struct log_event *event, int priority, char out[LOG_JOURNAL_SIZE])
{
	static const char identifier[] = "postern";
	struct datagram d = { .data = out };
	char message[LOG_LINE_SIZE], digit = (char)('0' + priority);
	size_t len = log_line_plain(event, -1, message);

	add(&d, "PRIORITY", &digit, 1);
	add(&d, "SYSLOG_IDENTIFIER", identifier, sizeof identifier - 1);
	add(&d, "MESSAGE", message, len - 1);
	add_own(&d, "process", event->process, strlen(event->process));
	add_own(&d, "event", event->event, strlen(event->event));
	for (const struct log_field *f = event->fields; f->key != NULL; f++)
		add_field(&d, f);
	return d.len;
}
