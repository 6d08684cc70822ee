/* SPDX-License-Identifier: ISC */
/* stock.h - what an idle spool holds: each message with what became of it, and what is not sound.
 */
#ifndef CTL_STOCK_H
#define CTL_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outbound/history.h"
#include "spool/board.h"
#include "spool/inspect.h"
#include "spool/spool.h"

struct stock_message {
	uint64_t id;
	struct spool_place place;
	struct past *past; /* NULL: nothing happened to it yet */
	bool is_large, is_held, is_done;
	bool is_damaged;    /* its envelope or content is not sound, or cannot be read now */
	bool is_blind;      /* and it is the envelope that nobody can read */
	bool is_unreadable; /* its content cannot be read now, and may be sound: leave it alone */
};

struct stock_finding {
	struct spool_finding of; /* file is `name` */
	char name[64];
};

struct stock {
	struct board board;
	struct spool *spool;
	int lock;
	struct history *history;
	struct stock_message *message; /* by id; of two records of one id the later one counts */
	size_t count, size;
	struct stock_finding *finding;
	size_t findings, findings_size;
	uint64_t segments, outcomes, *large;
	size_t nlarge, large_size;
	uint64_t octets;
	bool is_short; /* of memory */
};

/*
 * Lock the spool, read all of it, and check every content that still matters; nothing is changed.
 * EX_OK, or a status of sysexits.h after saying why on stderr.
 */
int stock_take(struct stock *stock, const char *path);

void stock_free(struct stock *stock);

/* Whether a complete file in large/ belongs to a message that is not done. */
bool stock_needs_large(const struct stock *stock, uint64_t id);

#endif
