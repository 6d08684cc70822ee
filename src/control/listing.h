/* SPDX-License-Identifier: ISC */
/* listing.h - the selected messages as one JSON array, a message on each line. */
#ifndef CONTROL_LISTING_H
#define CONTROL_LISTING_H

struct evhttp_request;
struct outbound;
struct selection;

/* Takes over the answer to the request, and the selection. */
void listing_start(
    struct outbound *outbound, struct evhttp_request *request, struct selection *selection);

#endif
