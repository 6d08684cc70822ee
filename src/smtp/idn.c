/* SPDX-License-Identifier: ISC */
/*
 * idn.c - by libidn2, as browsers do it: IDNA 2008, with the mapping of TR46.  That maps characters
 * that are no letters, too, so the result is looked at again.
 */
#include "smtp/idn.h"

#include <idn2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smtp/domain.h"
#include "smtp/utf8.h"

static enum smtp_idn
put_together(const char *address, size_t local_len, const char *domain, char **out)
{
	struct str text = STR_EMPTY;

	if (strlen(domain) > SMTP_DOMAIN_MAX || !smtp_domain_is_valid(domain))
		return SMTP_IDN_NONE;
	str_add(&text, address, local_len);
	str_puts(&text, "@");
	str_puts(&text, domain);
	*out = str_take(&text);
	return *out != NULL ? SMTP_IDN_DONE : SMTP_IDN_NO_MEMORY;
}

enum smtp_idn
smtp_address_to_ascii(const char *address, char **out)
{
	/* Not IDN2_USE_STD3_ASCII_RULES: version 2.3 then leaves out what it should refuse. */
	const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
	const char *at = strrchr(address, '@');
	uint8_t *domain = NULL;
	enum smtp_idn result;

	if (at == NULL || !smtp_is_ascii(address, (size_t)(at - address)))
		return SMTP_IDN_NONE;

	int error = idn2_lookup_u8((const uint8_t *)at + 1, &domain, flags);

	if (error != IDN2_OK)
		return error == IDN2_MALLOC ? SMTP_IDN_NO_MEMORY : SMTP_IDN_NONE;
	result = put_together(address, (size_t)(at - address), (const char *)domain, out);
	idn2_free(domain);
	return result;
}
