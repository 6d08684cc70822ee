/* SPDX-License-Identifier: ISC */
/*
 * spool_export.c - messages as files: header lines of ours, then the content octet for octet.
 * No file that exists is ever touched.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/id.h"
#include "base/str.h"
#include "ctl/spool.h"
#include "ctl/stock.h"
#include "spool/envelope.h"

static bool
is_wanted(const struct stock_message *message, const struct spool_options *options)
{
	for (size_t i = 0; i < options->ids; i++)
		if (options->id[i] == message->id)
			return !message->is_done || options->all;
	return options->ids == 0 && (options->all || !message->is_done);
}

static bool
is_outstanding(const struct stock_message *message, uint32_t rcpt)
{
	const struct past *past = message->past;

	for (size_t i = 0; past != NULL && i < past->ndone; i++)
		if (past->done[i] == rcpt)
			return false;
	return true;
}

/* Our lines; of an envelope that cannot be read only the id is known.  0, or -1 and errno. */
static int
write_head(const struct stock *stock, const struct stock_message *message, int to)
{
	struct envelope *envelope = NULL;
	struct str head = STR_EMPTY;
	char id[ID_TEXT_SIZE];
	int result = 0;

	id_format(message->id, id);
	if (!message->is_blind)
		result = spool_read_envelope(stock->spool, &message->place, &envelope);
	if (envelope != NULL) {
		str_printf(&head, "Return-Path: <%s>\r\n", envelope->from);
		for (uint32_t i = 0; i < envelope->nrcpt; i++)
			if (message->is_done || is_outstanding(message, i))
				str_printf(&head, "X-Envelope-To: <%s>\r\n", envelope->rcpt[i]);
	}
	str_printf(&head, "X-Postern-Id: %s\r\n", id);
	if (str_is_bad(&head)) {
		errno = ENOMEM;
		result = -1;
	}

	struct iovec iov = { head.data, head.len };

	if (result >= 0)
		result = disk_write_all(&disk_os, to, &iov, 1, 0);
	envelope_free(&envelope);
	str_free(&head);
	return result;
}

/* 0, or -1 after saying why. */
static int
export_one(const struct stock *stock, const struct stock_message *message, int dir)
{
	char id[ID_TEXT_SIZE], name[ID_TEXT_SIZE + 16];

	id_format(message->id, id);
	snprintf(name, sizeof name, "%s%s.eml", id, message->is_damaged ? ".damaged" : "");

	int to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = to < 0 ? -1 : write_head(stock, message, to);

	if (result == 0)
		result = spool_salvage(stock->spool, &message->place, to);
	if (result == 0)
		result = fsync(to);
	if (result < 0)
		fprintf(stderr, "posternctl: %s: %s\n", name, strerror(errno));
	if (to >= 0)
		close(to);
	/* Half a message is no message. */
	if (result < 0 && to >= 0)
		unlinkat(dir, name, 0);
	return result;
}

/* Of several records of one id the last that is not done, or the last of all. */
static bool
is_last(const struct stock *stock, size_t at, const struct spool_options *options)
{
	for (size_t i = at + 1; i < stock->count && stock->message[i].id == stock->message[at].id;
	     i++)
		if (stock->message[at].is_done || is_wanted(&stock->message[i], options))
			return false;
	return at == 0 || stock->message[at - 1].id != stock->message[at].id ||
	       !stock->message[at].is_done || stock->message[at - 1].is_done;
}

static bool
is_gone(const struct stock *stock, const struct stock_message *message)
{
	if (!message->is_done || !message->is_large)
		return false;
	for (size_t i = 0; i < stock->nlarge; i++)
		if (stock->large[i] == message->id)
			return false;
	return true;
}

static int
export_all(const struct stock *stock, int dir, const struct spool_options *options)
{
	size_t done = 0, damaged = 0, failed = 0;

	for (size_t i = 0; i < stock->count; i++) {
		const struct stock_message *message = &stock->message[i];

		if (!is_wanted(message, options) || !is_last(stock, i, options) ||
		    is_gone(stock, message))
			continue;
		if (export_one(stock, message, dir) < 0)
			failed++;
		else if (message->is_damaged)
			damaged++;
		else
			done++;
	}
	printf("%zu message%s exported, %zu damaged ones as far as they can be read, %zu failed\n",
	    done, str_plural(done), damaged, failed);
	if (failed > 0)
		return EX_CANTCREAT;
	if (options->ids > 0 && done + damaged == 0) {
		fputs("posternctl: no such message; --all looks at those that are done, too\n",
		    stderr);
		return EX_NOINPUT;
	}
	return EX_OK;
}

int
spool_export(const char *path, const struct spool_options *options)
{
	struct stock stock;
	int code = stock_take(&stock, path), dir;

	if (code == EX_OK) {
		dir = mkdir(options->to, 0700) < 0 && errno != EEXIST
			  ? -1
			  : open(options->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0) {
			fprintf(stderr, "posternctl: %s: %s\n", options->to, strerror(errno));
			code = EX_CANTCREAT;
		} else {
			code = export_all(&stock, dir, options);
			close(dir);
		}
	}
	stock_free(&stock);
	return code;
}
