/* SPDX-License-Identifier: ISC */
/*
 * listing.h - stream the whole queue as one JSON array, a chunk at a time, as fast as the reader
 * takes it: neither memory nor the loop suffers from a million messages.
 */
#ifndef CONTROL_LISTING_H
#define CONTROL_LISTING_H

struct evhttp_request;
struct outbound;

/* Takes over the answer to the request. */
void listing_start(struct outbound *outbound, struct evhttp_request *request);

#endif
