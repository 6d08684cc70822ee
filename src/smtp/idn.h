/* SPDX-License-Identifier: ISC */
/* idn.h - addresses for servers that do not know those beyond ASCII (RFC 6531). */
#ifndef SMTP_IDN_H
#define SMTP_IDN_H

enum smtp_idn {
	SMTP_IDN_DONE,
	SMTP_IDN_NONE, /* it has no such form: its local part is beyond ASCII, or its domain is none
			*/
	SMTP_IDN_NO_MEMORY,
};

/*
 * The address with the labels of its domain as A-labels (RFC 5891): the same mailbox.  *out is the
 * caller's to free, if it is DONE.
 */
enum smtp_idn smtp_address_to_ascii(const char *address, char **out);

#endif
