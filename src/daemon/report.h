/* SPDX-License-Identifier: ISC */
/* report.h - texts of several lines, as the config's checks give them, into the log. */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

/* One error for each line of text. */
void report_lines(const char *event, const char *text);

#endif
