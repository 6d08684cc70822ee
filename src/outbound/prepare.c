/* SPDX-License-Identifier: ISC */
/*
 * prepare.c - a message waits at the head of its uplink until its content is ready; see
 * uplink_internal.h.  A timer of 0 s goes on with it, so that every socket is looked at between two
 * pieces.
 */
#include <event2/event.h>
#include <stdlib.h>

#include "outbound/convert.h"
#include "outbound/delivery.h"
#include "outbound/uplink_internal.h"

struct preparation {
	struct delivery *delivery;
	struct conversion *conversion; /* NULL: the content is ready */
	struct event *timer;
};

static void
go_on_soon(struct preparation *preparation)
{
	static const struct timeval at_once = { 0 };

	event_add(preparation->timer, &at_once);
}

static void
on_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct uplink *uplink = ctx;
	struct preparation *preparation = uplink->preparation;

	(void)fd;
	(void)what;
	if (convert_step(preparation->conversion)) {
		go_on_soon(preparation);
		return;
	}
	convert_free(&preparation->conversion);
	uplink_wake(uplink, SIZE_MAX);
}

static void
free_preparation(struct uplink *uplink)
{
	struct preparation *preparation = uplink->preparation;

	if (preparation->timer != NULL)
		event_free(preparation->timer);
	convert_free(&preparation->conversion);
	free(preparation);
	uplink->preparation = NULL;
}

bool
prepare_begin(struct uplink *uplink, struct delivery *delivery)
{
	struct conversion *conversion = convert_begin(delivery, &uplink->caps, uplink->of.upstream);
	struct preparation *preparation;

	if (conversion == NULL)
		return false;
	preparation = calloc(1, sizeof *preparation);
	if (preparation == NULL) {
		convert_free(&conversion);
	} else {
		*preparation = (struct preparation){ delivery, conversion,
			event_new(uplink->of.base, -1, 0, on_turn, uplink) };
		uplink->preparation = preparation;
		if (preparation->timer == NULL)
			free_preparation(uplink);
	}
	if (uplink->preparation == NULL) {
		delivery_judge_all(
		    delivery, RCPT_UNTRIED, RCPT_DEFERRED, 0, "4.3.0", "out of memory");
		return false;
	}
	go_on_soon(preparation);
	return true;
}

bool
prepare_is_busy(const struct uplink *uplink)
{
	return uplink->preparation != NULL;
}

struct delivery *
prepare_take(struct uplink *uplink)
{
	struct delivery *delivery = NULL;

	if (uplink->preparation != NULL && uplink->preparation->conversion == NULL) {
		delivery = uplink->preparation->delivery;
		free_preparation(uplink);
	}
	return delivery;
}

void
prepare_cancel(struct uplink *uplink)
{
	struct delivery *delivery;

	if (uplink->preparation == NULL)
		return;
	delivery = uplink->preparation->delivery;
	free_preparation(uplink);
	/* The connection was lost meanwhile: the next one may be, too. */
	delivery->rest = !uplink->held && !uplink->finishing;
	uplink->of.on_settled(uplink->of.ctx, uplink, delivery, uplink->held);
}
