/* SPDX-License-Identifier: ISC */
/*
 * pattern_provider.c - replies that one provider gives in its own way; see pattern.h.  A provider
 * is known by the end of its host's name.  Checked: 2026-11, against the providers' own pages and
 * their users' reports.
 */
#include <string.h>
#include <strings.h>

#include "outbound/pattern.h"

/* clang-format off */
static const struct pattern ses[] = {
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("SES wants SMTP credentials, made in its console for this region; "
	    "the access keys of IAM are others") },
	{ CONTENT, 554, NULL, "not authorized to perform", ACCOUNT("the SES credentials lack the right to send "
	    "(ses:SendRawEmail)") },
	{ TRANSACTION, 554, NULL, "not verified", BY_CLASS("SES must verify this address or its domain in this "
	    "region; in the sandbox the recipients', too") },
};

static const struct pattern gmail[] = {
	{ IN(STEP_AUTH), 534, NULL, NULL, LOGIN("Gmail wants an app password, which needs 2-step verification") },
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("Gmail wants the full address as username and an app password, not "
	    "that of the account") },
	{ TRANSACTION, 450, "4.2.1", "peak", SLOWER("Workspace wants the mail of a peak to be spread: set rate") },
	{ TRANSACTION, 550, "5.7.1", "limit exceeded", ACCOUNT("the Workspace organisation has reached its limit; it "
	    "goes on when that resets, within 24 hours") },
	{ TRANSACTION, 550, "5.7.1", "mail relay denied", ACCOUNT("the Workspace relay does not know this host's "
	    "address: allow it in the admin console, or log in") },
	{ TRANSACTION, 550, "5.7.1", "invalid credentials for relay", ACCOUNT("the Workspace relay does not know this "
	    "host's address: allow it in the admin console, or log in") },
};

static const struct pattern microsoft[] = {
	{ IN(STEP_AUTH), 535, "5.7.139", NULL, LOGIN("Microsoft 365 refuses logins with a password (SMTP AUTH) for "
	    "this mailbox or tenant, or the password is wrong: see the mailbox's authenticated SMTP setting") },
	{ IN(STEP_AUTH), 535, "5.7.3", NULL, LOGIN("check username and password; SMTP AUTH must be allowed for the "
	    "mailbox") },
	{ IN(STEP_MAIL) | CONTENT, 0, "5.1.8", NULL, ACCOUNT("Microsoft 365 has blocked this account from sending: an "
	    "administrator unblocks it under Restricted entities") },
	{ IN(STEP_MAIL) | CONTENT, 0, "5.1.90", NULL, ACCOUNT("the mailbox has reached its daily limit of recipients") },
	{ CONTENT, 0, NULL, "submission quota", ACCOUNT("the mailbox has reached its limit of sending") },
	{ TRANSACTION, 0, "5.7.708", NULL, ACCOUNT("Microsoft 365 takes no mail from this address for now") },
	{ TRANSACTION, 0, "5.7.705", NULL, ACCOUNT("the tenant has exceeded its threshold of sending") },
	{ TRANSACTION, 0, "4.7.500", NULL, SLOWER("Microsoft 365 is busy or has seen too much: set rate = 30/m") },
};

static const struct pattern sendgrid[] = {
	{ IN(STEP_AUTH), 0, NULL, "account disabled", ACCOUNT("SendGrid has disabled the account: ask its support") },
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("SendGrid wants the username \"apikey\", literally, and an API key with "
	    "the right to send as password") },
	{ TRANSACTION, 550, NULL, "verified sender identity", BY_CLASS("SendGrid must verify this sender or its domain "
	    "first") },
};

static const struct pattern mailgun[] = {
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("Mailgun wants the SMTP user of the domain (postmaster@DOMAIN) and its "
	    "password, not the API key") },
	{ TRANSACTION, 0, NULL, "authorized recipients", BY_CLASS("a Mailgun sandbox sends to authorized recipients "
	    "only") },
	{ OURS, 0, NULL, "not allowed to send", ACCOUNT("Mailgun does not let this domain send: see its state there") },
	{ OURS, 0, NULL, "requires dns configuration", ACCOUNT("Mailgun has not verified the domain's DNS records") },
};

static const struct pattern brevo[] = {
	{ IN(STEP_AUTH), 525, NULL, NULL, LOGIN("Brevo does not know this host's address: allow it under authorised "
	    "IPs") },
	{ IN(STEP_AUTH) | TRANSACTION, 0, NULL, "not yet activated", ACCOUNT("Brevo has not activated SMTP for the "
	    "account yet: ask its support") },
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("Brevo wants the login's address and an SMTP key, not the API key") },
};

static const struct pattern postmark[] = {
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("Postmark wants the server's API token as username and as password") },
	{ TRANSACTION, 0, NULL, "sender signature", BY_CLASS("Postmark must confirm this sender's signature or domain "
	    "first") },
};

static const struct pattern sparkpost[] = {
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("SparkPost wants the username SMTP_Injection and an API key with the "
	    "right \"Send via SMTP\"") },
};

static const struct pattern zoho[] = {
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("Zoho wants the full address and, with two-factor login, an app "
	    "password; paid accounts use smtppro.zoho.com") },
	{ TRANSACTION, 550, "5.4.6", NULL, ACCOUNT("Zoho has blocked the account for unusual activity: unblock it "
	    "there") },
	{ TRANSACTION, 553, NULL, "relaying disallowed", BY_CLASS("Zoho sends only from the account's own addresses and "
	    "aliases") },
};

static const struct pattern fastmail[] = {
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("Fastmail wants the full address and an app password") },
};

static const struct pattern resend[] = {
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN("Resend wants the username \"resend\", literally, and an API key as "
	    "password") },
};
/* clang-format on */

#define LIST(name)                                \
	{                                         \
		name, sizeof name / sizeof *name, \
	}

static const struct {
	const char *host; /* of the provider, or what it ends in behind a dot */
	struct pattern_list patterns;
} providers[] = {
	{ "amazonaws.com", LIST(ses) },
	{ "gmail.com", LIST(gmail) },
	{ "googlemail.com", LIST(gmail) },
	{ "office365.com", LIST(microsoft) },
	{ "outlook.com", LIST(microsoft) },
	{ "azurecomm.net", LIST(microsoft) },
	{ "sendgrid.net", LIST(sendgrid) },
	{ "mailgun.org", LIST(mailgun) },
	{ "brevo.com", LIST(brevo) },
	{ "sendinblue.com", LIST(brevo) },
	{ "postmarkapp.com", LIST(postmark) },
	{ "sparkpostmail.com", LIST(sparkpost) },
	{ "zoho.com", LIST(zoho) },
	{ "zoho.eu", LIST(zoho) },
	{ "zoho.in", LIST(zoho) },
	{ "fastmail.com", LIST(fastmail) },
	{ "resend.com", LIST(resend) },
};

static bool
ends_in(const char *host, const char *end)
{
	size_t host_len = strlen(host), len = strlen(end);

	return host_len >= len && strcasecmp(host + host_len - len, end) == 0 &&
	       (host_len == len || host[host_len - len - 1] == '.');
}

struct pattern_list
pattern_of_provider(const char *host)
{
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
		if (ends_in(host, providers[i].host))
			return providers[i].patterns;
	return (struct pattern_list){ NULL, 0 };
}
