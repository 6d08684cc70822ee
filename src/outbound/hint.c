/* SPDX-License-Identifier: ISC */
/* hint.c - see hint.h.  A hint is for the likely case alone: on a port where servers speak first,
 * silence has other causes. */
#include "outbound/hint.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const uint16_t plain_ports[] = { 25, 587, 2525, 2587 };

static bool
is_plain_port(uint16_t port)
{
	for (size_t i = 0; i < sizeof plain_ports / sizeof *plain_ports; i++)
		if (plain_ports[i] == port)
			return true;
	return false;
}

const char *
hint_tls_mode(enum step step, enum tls_mode mode, uint16_t port, enum conn_end how, const char *why)
{
	bool is_silent = how == CONN_END_DEADLINE || how == CONN_END_EOF;

	if (step == STEP_GREETING && mode != TLS_IMPLICIT && is_silent && !is_plain_port(port))
		return " (where TLS begins at once, set tls = implicit)";
	if (step == STEP_TLS && mode == TLS_IMPLICIT && how == CONN_END_TLS &&
	    strstr(why, "wrong version number") != NULL)
		return " (where TLS does not begin at once, set tls = starttls)";
	return "";
}
