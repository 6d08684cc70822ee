/* SPDX-License-Identifier: ISC */
/* submit.h - hand a draft and the rest of the input to the listener: all recipients, or nothing. */
#ifndef SENDMAIL_SUBMIT_H
#define SENDMAIL_SUBMIT_H

struct draft;
struct input;
struct options;
struct wire;

/*
 * Over an open connection whose greeting was not read yet.  EX_OK once the message is safe with the
 * daemon, else another status of sysexits.h after a complaint on stderr; then nothing was accepted.
 */
int submit(struct wire *wire, const char *helo, const struct options *options,
    const struct draft *draft, struct input *input);

#endif
