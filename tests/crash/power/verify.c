/* SPDX-License-Identifier: ISC */
/* verify.c - see verify.h.  It is outbound itself that recovers; only syncs do nothing, since an
 * image need not last. */
#include "config.h"

#include "verify.h"

#include <check.h>
#include <dirent.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "letters.h"
#include "outbound/delivery.h"
#include "queue/queue.h"
#include "relay.h"
#include "spool/envelope.h"
#include "spool/spool.h"

static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

static void
see_report(const struct letters *letters, const struct delivery *delivery, struct finding *finding)
{
	const struct letter *letter = letters_find_sender(letters, delivery->envelope->rcpt[0]);

	ck_assert_ptr_nonnull(letter);
	finding[letter->number].has_report = true;
}

static void
see_letter(const struct letters *letters, const struct delivery *delivery, size_t cut,
    struct finding *finding)
{
	const struct letter *letter = letters_find(letters, delivery->item->id);

	ck_assert_msg(letter != NULL && letter->begun <= cut, "a letter that nobody sent");
	letter_check_envelope(letter, delivery->envelope);
	if (delivery->fd >= 0)
		while (evbuffer_read(delivery->content, delivery->fd, 1 << 20) > 0)
			;
	letter_check_content(letter, delivery->content);
	for (size_t i = 0; i < delivery->nrcpt; i++)
		finding[letter->number].live |=
		    UINT32_C(1) << letter_rcpt_index(letter, delivery_address(delivery, i));
	ck_assert_uint_ne(finding[letter->number].live, 0);
}

/* The power took back that a refused letter was cut off, but not that its large content went. */
static bool
is_excused(const struct letters *letters, const struct queue_item *item, size_t cut, unsigned flags)
{
	const struct letter *letter = letters_find(letters, item->id);

	return letter != NULL && letter->acked > cut && item->is_large &&
	       (flags & VERIFY_MAY_REFUSE) != 0;
}

/* How many large contents there are; *excused: and how many are missing that may be. */
static size_t
see_all(struct relay *relay, const struct letters *letters, size_t cut, unsigned flags,
    struct finding *finding, size_t *excused)
{
	struct queue_cursor cursor = { .index = NULL };
	struct queue_item *item;
	size_t large = 0;

	queue_cursor_open(&cursor, relay->queue);
	while ((item = queue_cursor_next(&cursor)) != NULL) {
		struct delivery *delivery;

		bool is_sound = delivery_open(relay->spool, relay->queue, item, true, &delivery) ==
				DELIVERY_OPENED;

		ck_assert_msg(is_sound || is_excused(letters, item, cut, flags),
		    "message %u cannot be read",
		    item->is_report ? 0 : letters_find(letters, item->id)->number);
		if (!is_sound)
			++*excused;
		else if (item->is_report)
			see_report(letters, delivery, finding);
		else
			see_letter(letters, delivery, cut, finding);
		large += item->is_large && is_sound;
		delivery_free(&delivery);
	}
	queue_cursor_close(&cursor);
	return large;
}

static size_t
count_files(const char *path, const char *sub)
{
	char dir[256];
	struct dirent *entry;
	size_t count = 0;

	snprintf(dir, sizeof dir, "%s/%s", path, sub);

	DIR *stream = opendir(dir);

	ck_assert_ptr_nonnull(stream);
	while ((entry = readdir(stream)) != NULL)
		count += strstr(entry->d_name, ".msg") != NULL;
	closedir(stream);
	return count;
}

static void
hold_against(const struct letter *letter, size_t cut, unsigned flags, const struct finding *finding)
{
	bool is_acked = letter->acked <= cut;

	ck_assert_msg(!letter->is_aborted || finding->live == 0,
	    "letter %u was given up, and is there", letter->number);
	ck_assert_msg(
	    letter->refused > cut || finding->live == 0 || (flags & VERIFY_MAY_REFUSE) != 0,
	    "letter %u was refused, and is there", letter->number);
	for (unsigned i = 0; i < letter->nrcpt; i++) {
		const struct letter_rcpt *rcpt = &letter->rcpt[i];
		bool is_live = (finding->live >> i & 1) != 0;

		ck_assert_msg(!is_acked || rcpt->done < cut || is_live,
		    "recipient %u of letter %u is lost: acknowledged at %zu", i, letter->number,
		    letter->acked);
		ck_assert_msg(!is_live || rcpt->safe > cut || (flags & VERIFY_MAY_REPEAT) != 0,
		    "recipient %u of letter %u comes back: done at %zu, for good at %zu", i,
		    letter->number, rcpt->done, rcpt->safe);
		ck_assert_msg(!is_acked || is_live || !rcpt->is_failed || rcpt->done >= cut ||
				  finding->has_report || letter->reported < cut,
		    "recipient %u of letter %u has failed without a report", i, letter->number);
	}
}

size_t
verify(const struct letters *letters, const char *path, size_t cut, uint64_t segment_size,
    unsigned flags, struct finding *finding)
{
	struct disk_ops disk = disk_os;
	struct relay relay;
	size_t large, excused = 0;

	disk.fdatasync = no_sync;
	disk.fsync_dir = no_sync;
	memset(finding, 0, letters->count * sizeof *finding);
	relay_open(&relay, path, &disk, segment_size);
	relay_start_outbound(&relay, true);
	large = see_all(&relay, letters, cut, flags, finding, &excused);
	for (size_t n = 0; n < letters->count && letters->letter[n].begun <= cut; n++)
		hold_against(&letters->letter[n], cut, flags, &finding[n]);
	ck_assert_uint_eq(relay.counters.spool_damaged, excused);
	relay_stop_outbound(&relay);
	ck_assert_uint_eq(count_files(path, "large"), large);
	relay_close(&relay);
	return excused;
}

static void
adopt_rcpt(struct letter_rcpt *rcpt, size_t cut, bool is_live)
{
	bool was_failed = rcpt->is_failed && rcpt->done < cut;

	*rcpt = (struct letter_rcpt){
		.done = is_live ? NEVER : 0,
		.safe = is_live ? NEVER : 0,
		.is_failed = !is_live && was_failed,
	};
}

void
verify_adopt(struct letters *letters, size_t cut, const struct finding *finding)
{
	while (letters->count > 0 && letters->letter[letters->count - 1].begun > cut)
		letters->count--;
	letters->waiting = 0;
	for (size_t n = 0; n < letters->count; n++) {
		struct letter *letter = &letters->letter[n];
		bool had_report = letter->reported < cut || finding[n].has_report;

		for (unsigned i = 0; i < letter->nrcpt; i++)
			adopt_rcpt(&letter->rcpt[i], cut, (finding[n].live >> i & 1) != 0);
		letter->letters = letters;
		letter->begun = 0;
		letter->acked = finding[n].live != 0 ? 0 : letter->acked <= cut ? 0 : NEVER;
		letter->refused = NEVER;
		letter->reported = had_report && !finding[n].has_report ? 0 : NEVER;
	}
}
