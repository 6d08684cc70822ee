/* SPDX-License-Identifier: ISC */
/* report.h - texts of several lines, as the config's checks give them, into the log. */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include "base/log.h"

/* One log line for each line of text. */
void report_lines(enum log_level level, const char *event, const char *text);

#endif
