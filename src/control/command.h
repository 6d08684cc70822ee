/* SPDX-License-Identifier: ISC */
/*
 * command.h - an operator's order for one message.  If the message is busy because it is being
 * moved within the spool, the answer comes when that is over.
 */
#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include <stdint.h>

#include "outbound/outbound.h"

struct evhttp_request;

/* Takes over the answer to the request.  No message has the id 0. */
void command_start(struct outbound *outbound, struct evhttp_request *request, uint64_t id,
    enum outbound_command command);

#endif
