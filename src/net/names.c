/* SPDX-License-Identifier: ISC */
/*
 * names.c - a line for each host: "HOST SECONDS ADDRESS ...", the time being that of its last
 * connection. The file is replaced as a whole; what does not read as a whole counts for nothing.
 */
#include "net/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/sockaddr.h"
#include "base/str.h"

#define FILE_NAME "names"
#define NEW_NAME  "names.new"

enum {
	HOST_SIZE = 256, /* of a domain name, RFC 1035 3.1 */
	FILE_MAX = 128 * 1024,
	REFRESH_MS = 3600 * 1000,
	SAVE_EVERY_MS = 60 * 1000,
};

struct entry {
	char host[HOST_SIZE];
	int64_t seen_ms;
	struct sockaddr_storage address[NAMES_ADDRESSES_MAX];
	size_t count;
	bool is_told; /* the outage was logged */
};

struct names {
	int dir;
	struct entry *entry[NAMES_HOSTS_MAX];
	size_t count;
	int64_t saved_ms; /* the last try; 0: none yet */
	bool is_dirty;
	bool has_failed; /* to write the file, which was logged */
};

static struct entry *
find(const struct names *names, const char *host)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcasecmp(names->entry[i]->host, host) == 0)
			return names->entry[i];
	return NULL;
}

/* A place for another host, maybe that of the one that was used least recently; NULL: none. */
static struct entry *
add(struct names *names, const char *host)
{
	struct entry *entry = NULL;

	if (strlen(host) >= HOST_SIZE)
		return NULL;
	if (names->count < NAMES_HOSTS_MAX) {
		if ((entry = malloc(sizeof *entry)) == NULL)
			return NULL;
		names->entry[names->count++] = entry;
	} else {
		entry = names->entry[0];
		for (size_t i = 1; i < names->count; i++)
			if (names->entry[i]->seen_ms < entry->seen_ms)
				entry = names->entry[i];
	}
	memset(entry, 0, sizeof *entry);
	memcpy(entry->host, host, strlen(host));
	return entry;
}

/* 0, or -1: no address, or one too many. */
static int
read_address(struct entry *entry, const char *text)
{
	if (entry->count == NAMES_ADDRESSES_MAX)
		return -1;

	struct sockaddr_storage *address = &entry->address[entry->count];
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		in->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		in6->sin6_family = AF_INET6;
	else
		return -1;
	entry->count++;
	return 0;
}

static int
read_line(struct names *names, char *line)
{
	char *at = line, *word = strsep(&at, " ");
	uint64_t seconds;

	if (at == NULL || *word == '\0' || find(names, word) != NULL ||
	    names->count == NAMES_HOSTS_MAX)
		return -1;

	struct entry *entry = add(names, word);

	if (entry == NULL || parse_number(strsep(&at, " "), 0, INT64_MAX / 1000, &seconds) != 0 ||
	    at == NULL)
		return -1;
	entry->seen_ms = (int64_t)seconds * 1000;
	while ((word = strsep(&at, " ")) != NULL)
		if (read_address(entry, word) != 0)
			return -1;
	return 0;
}

static void
forget_all(struct names *names)
{
	while (names->count > 0)
		free(names->entry[--names->count]);
}

/* NULL, or what is wrong. */
static const char *
read_text(struct names *names, char *text, size_t len)
{
	char *at = text, *end;

	if (len == FILE_MAX)
		return "too large";
	if (strlen(text) != len)
		return "not text";
	for (; *at != '\0'; at = end + 1) {
		if ((end = strchr(at, '\n')) == NULL)
			return "the end is missing";
		*end = '\0';
		if (read_line(names, at) != 0)
			return "not a line of a host, a time and addresses";
	}
	return NULL;
}

static void
load(struct names *names)
{
	int fd = openat(names->dir, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *text = fd < 0 ? NULL : malloc(FILE_MAX + 1);
	const char *why = NULL;
	ssize_t got = text == NULL ? -1 : read(fd, text, FILE_MAX);

	if (got >= 0) {
		text[got] = '\0';
		why = read_text(names, text, (size_t)got);
	} else if (errno != ENOENT) {
		why = strerror(errno);
	}
	if (why != NULL) {
		forget_all(names);
		log_warning("names_ignored", log_s("file", FILE_NAME), log_s("why", why));
	}
	free(text);
	if (fd >= 0)
		close(fd);
}

struct names *
names_open(int dir)
{
	struct names *names = calloc(1, sizeof *names);

	if (names == NULL)
		return NULL;
	names->dir = dir;
	if (dir >= 0)
		load(names);
	return names;
}

static void
write_entry(const struct entry *entry, struct str *out)
{
	char text[SOCKADDR_TEXT_SIZE];

	str_printf(out, "%s %" PRId64, entry->host, entry->seen_ms / 1000);
	for (size_t i = 0; i < entry->count; i++) {
		sockaddr_format_host((const struct sockaddr *)&entry->address[i], text);
		str_printf(out, " %s", text);
	}
	str_puts(out, "\n");
}

/* Write the new file and put it in the place of the old one: 0, or -1 and errno. */
static int
replace_file(int dir, const struct str *text)
{
	int fd = openat(dir, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t written;

	if (fd < 0)
		return -1;
	errno = ENOSPC; /* if it is cut short */
	written = write(fd, text->data, text->len);

	int error = errno;

	close(fd);
	if (written == (ssize_t)text->len && renameat(dir, NEW_NAME, dir, FILE_NAME) == 0)
		return 0;
	if (written == (ssize_t)text->len)
		error = errno;
	unlinkat(dir, NEW_NAME, 0);
	errno = error;
	return -1;
}

static void
save(struct names *names, int64_t now_ms)
{
	struct str text = STR_EMPTY;
	int result = -1;

	for (size_t i = 0; i < names->count; i++)
		write_entry(names->entry[i], &text);
	names->saved_ms = now_ms;
	if (str_is_bad(&text))
		errno = ENOMEM;
	else
		result = replace_file(names->dir, &text);
	if (result != 0 && !names->has_failed)
		log_warning(
		    "names_not_saved", log_s("file", FILE_NAME), log_s("why", strerror(errno)));
	names->has_failed = result != 0;
	names->is_dirty = result != 0;
	str_free(&text);
}

void
names_free(struct names **names)
{
	struct names *old = *names;

	if (old == NULL)
		return;
	*names = NULL;
	if (old->is_dirty)
		save(old, old->saved_ms);
	forget_all(old);
	free(old);
}

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	char texts[2][SOCKADDR_TEXT_SIZE];

	sockaddr_format_host((const struct sockaddr *)a, texts[0]);
	sockaddr_format_host((const struct sockaddr *)b, texts[1]);
	return strcmp(texts[0], texts[1]) == 0;
}

/* Whether the entry has these addresses, in any order: name servers turn them round. */
static bool
is_same(const struct entry *entry, const struct sockaddr_storage *address, size_t count)
{
	if (entry->count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t j = 0;

		while (j < count && !same_host(&address[i], &entry->address[j]))
			j++;
		if (j == count)
			return false;
	}
	return true;
}

void
names_learn(struct names *names, const char *host, const struct sockaddr_storage *address,
    size_t count, int64_t now_ms)
{
	struct entry *entry = find(names, host);

	if (entry == NULL && (entry = add(names, host)) == NULL)
		return;
	if (entry->is_told)
		log_info("names_back", log_s("host", host));
	entry->is_told = false;
	if (count > NAMES_ADDRESSES_MAX)
		count = NAMES_ADDRESSES_MAX;
	/* In the future, too, when the clock was set back. */
	if (!is_same(entry, address, count) || llabs(now_ms - entry->seen_ms) > REFRESH_MS) {
		memcpy(entry->address, address, count * sizeof *address);
		entry->count = count;
		entry->seen_ms = now_ms;
		names->is_dirty = names->dir >= 0;
	}
	if (names->is_dirty &&
	    (names->saved_ms == 0 || llabs(now_ms - names->saved_ms) >= SAVE_EVERY_MS))
		save(names, now_ms);
}

size_t
names_recall(struct names *names, const char *host, const char *why, int64_t now_ms,
    struct sockaddr_storage out[NAMES_ADDRESSES_MAX])
{
	struct entry *entry = find(names, host);

	if (entry == NULL || now_ms - entry->seen_ms > NAMES_AGE_MAX_MS)
		return 0;
	if (!entry->is_told)
		log_warning("names_from_memory", log_s("host", host), log_s("why", why),
		    log_d("addresses", entry->count),
		    log_d("age_s", (now_ms - entry->seen_ms) / 1000));
	entry->is_told = true;
	memcpy(out, entry->address, entry->count * sizeof *out);
	return entry->count;
}
