/* SPDX-License-Identifier: ISC */
/*
 * order.h - an operator's order for the selected messages.  The answer is one JSON object: done,
 * busy (those that are being sent right now), and error, when something stopped the order before
 * its end; what was done before stays done.
 */
#ifndef CONTROL_ORDER_H
#define CONTROL_ORDER_H

#include <stdbool.h>

#include "outbound/outbound.h"

struct evhttp_request;
struct selection;

/*
 * As walk_start().  A release is for held messages, a hold and a retry for those that are not held;
 * others of the selection are left alone, and not counted.  So is, by a retry, what its sender
 * wants to wait: an order for one message alone sends that earlier.
 */
void order_start(struct outbound *outbound, struct evhttp_request *request,
    struct selection *selection, enum outbound_command command, const bool *is_leaving);

#endif
