/* SPDX-License-Identifier: ISC */
/* render_internal.h - shared by the files of render.h alone: the values of a JSON object. */
#ifndef CONTROL_RENDER_INTERNAL_H
#define CONTROL_RENDER_INTERNAL_H

#include <jansson.h>
#include <stdio.h>

/* "" when there is none. */
const char *render_get(const json_t *json, const char *key);

/* 0 when there is none. */
json_int_t render_number(const json_t *json, const char *key);

/* Text from anywhere, without control octets; NULL is none. */
void render_put(FILE *out, const char *text);

/* "42s", "17m", "3h", "5d". */
void render_age(FILE *out, json_int_t seconds);

#endif
