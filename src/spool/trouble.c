/* SPDX-License-Identifier: ISC */
/* trouble.c - see trouble.h. */
#include "config.h"

#include "spool/trouble.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { RECOVERED_MS = 1000 }; /* without a loss, for trouble to be over */

void
trouble_init(struct trouble *trouble)
{
	pthread_mutex_init(&trouble->lock, NULL);
	trouble->is_on = false;
	trouble->failed_ms = 0;
}

void
trouble_destroy(struct trouble *trouble)
{
	pthread_mutex_destroy(&trouble->lock);
}

void
trouble_note(struct trouble *trouble, uint64_t segment, int error)
{
	const char *where = segment != 0 ? "log" : "large";

	pthread_mutex_lock(&trouble->lock);

	int64_t now = error != 0 || trouble->is_on ? clock_mono_ms() : 0;

	if (error != 0 && !trouble->is_on)
		log_error("spool_failed", log_s("in", where), log_d("segment", segment),
		    log_s("why", strerror(error)));
	if (error != 0) {
		trouble->failed_ms = now;
		trouble->is_on = true;
	} else if (trouble->is_on && now - trouble->failed_ms >= RECOVERED_MS) {
		log_info("spool_recovered", log_s("in", where), log_d("segment", segment));
		trouble->is_on = false;
	}
	pthread_mutex_unlock(&trouble->lock);
}
