/* SPDX-License-Identifier: ISC */
/* report.c - texts of several lines, as the config's checks give them, into the log. */
#include "daemon/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

void
report_lines(enum log_level level, const char *event, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			log_at(level, event, log_s("why", line));
	free(copy);
}
