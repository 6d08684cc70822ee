/* SPDX-License-Identifier: ISC */
/*
 * play.h - a random life of a relay: messages of all sizes arrive, are given up, delivered,
 * refused, put off, held, deleted, copied forward; segments are dropped and recycled; workers come
 * and go.
 */
#ifndef CRASH_POWER_PLAY_H
#define CRASH_POWER_PLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "relay.h"

struct letter;
struct letters;

enum { PLAY_OPEN = 4 };

struct play {
	struct relay relay;
	struct letters *letters;
	unsigned seed;
	enum play_disk {
		PLAY_SOUND,
		PLAY_TROUBLED, /* it fails at random, with pauses */
		PLAY_PLANNED,  /* it fails as the caller said, trace_fail_nth() */
		PLAY_DISKS,
	} disk;
	/* Messages that are begun and not ended. */
	struct {
		struct spool_message *message; /* NULL: none */
		struct letter *letter;
		size_t sent;
		unsigned listener;
	} open[PLAY_OPEN];
};

/*
 * Live for so many steps on the spool at path, with the recording disk, and stop in good order.
 * When the disk is sound again, before the end, messages must be taken again.
 */
void play_run(struct play *play, const char *path, uint64_t segment_size, unsigned steps);

#endif
