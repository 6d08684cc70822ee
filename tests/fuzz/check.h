/* SPDX-License-Identifier: ISC */
/* check.h - in place of check's own, for tests/unit/listener/talk.c: here an assertion aborts. */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include <stdio.h>

#include "fuzz.h"

#define ck_assert_int_eq(a, b)        must((a) == (b))
#define ck_assert_uint_lt(a, b)       must((a) < (b))
#define ck_assert_ptr_nonnull(p)      must((p) != NULL)
#define ck_assert_msg(condition, ...) must(condition)
#define ck_abort_msg(...)             (printf(__VA_ARGS__), abort())

#endif
