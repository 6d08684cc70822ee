/* SPDX-License-Identifier: ISC */
/*
 * reasons.h - why messages wait, in words, each text kept once: a million messages wait for a
 * handful of reasons. At most REASONS_MAX different texts are kept; further ones become one that
 * says where to look, and are to be read from the disk.
 */
#ifndef QUEUE_REASONS_H
#define QUEUE_REASONS_H

#include <stdbool.h>
#include <stdint.h>

struct reasons;

enum { REASONS_MAX = 4096, REASON_LEN_MAX = 512 };

struct reasons *reasons_new(void);
void reasons_free(struct reasons **reasons);

/* Take a reference to a text and return its number; 0 is no reason (for NULL, too). */
uint16_t reasons_take(struct reasons *reasons, const char *text);
void reasons_drop(struct reasons *reasons, uint16_t number);

/* NULL for 0. */
const char *reasons_text(const struct reasons *reasons, uint16_t number);

/* Whether that is the text that was taken, and not the one that stands for further ones. */
bool reasons_is_kept(const struct reasons *reasons, uint16_t number);

#endif
