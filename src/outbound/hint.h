/* SPDX-License-Identifier: ISC */
/* hint.h - what the end of a connection tells of a config that does not fit its port.  Pure. */
#ifndef OUTBOUND_HINT_H
#define OUTBOUND_HINT_H

#include <stdint.h>

#include "config/config.h"
#include "net/conn.h"
#include "outbound/classify.h"

/*
 * For people, behind what was said of the end: " (...)", static; or "".  A server that speaks TLS
 * from the start is silent on a plain connection, and what a plain one says first is no TLS.  why:
 * OpenSSL's words, with CONN_END_TLS.
 */
const char *hint_tls_mode(
    enum step step, enum tls_mode mode, uint16_t port, enum conn_end how, const char *why);

#endif
