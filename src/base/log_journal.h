/* SPDX-License-Identifier: ISC */
/* log_journal.h - the native protocol of systemd-journald: one datagram for each event. */
#ifndef BASE_LOG_JOURNAL_H
#define BASE_LOG_JOURNAL_H

#include <stddef.h>

#include "base/log_line.h"

enum { LOG_JOURNAL_SIZE = 4 * LOG_LINE_SIZE };

/* A socket connected to the journal at path; -1 and errno if nobody listens there. */
int log_journal_connect(const char *path);

/*
 * Write the datagram: PRIORITY, SYSLOG_IDENTIFIER, MESSAGE (the text line), and POSTERN_KEY for
 * each field as it is, unescaped.  Returns its length.
 */
size_t
log_journal_datagram(const struct log_event *event, int priority, char out[LOG_JOURNAL_SIZE]);

#endif
