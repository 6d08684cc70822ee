/* SPDX-License-Identifier: ISC */
/* render.h - what the control socket says, for people: on a terminal, in columns. */
#ifndef CONTROL_RENDER_H
#define CONTROL_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

void render_status(FILE *out, const json_t *status);
/* Of a status: what a listing leaves out, if anything. */
void render_unread(FILE *out, const json_t *status);
void render_message(FILE *out, const json_t *message);

/*
 * A listing that comes in pieces, each shown at once; at its end render_list_end() says how many
 * messages there are, or match a selection.
 */
struct render_list;
struct render_list *render_list_begin(FILE *out);
/* 0, or -1 when out of memory, the text is no listing, or nobody reads it any more. */
int render_list_feed(void *list, const char *data, size_t len);
int render_list_end(struct render_list *list, bool is_selection);
/* The errno that ended the output; 0: none. */
int render_list_error(const struct render_list *list);
void render_list_free(struct render_list **list);

#endif
