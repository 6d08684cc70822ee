/* SPDX-License-Identifier: ISC */
/*
 * policy.h - what a client may do here: the config's client sections held against who it is.
 * Pure.  The first section whose criteria are all met decides; without one it is the listener's
 * relay_from, the permissions of a unix socket, or, where no section is about the listener, a
 * login.
 */
#ifndef LISTENER_POLICY_H
#define LISTENER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct config;
struct config_client;
struct config_list;
struct config_listen;
struct str;

struct policy {
	const struct config_client *client; /* the section that decides; NULL: none does */
	bool may_relay;
};

/* login: who has logged in, or NULL.  To be asked again when that changes. */
struct policy policy_find(const struct config *config, const struct config_listen *listen,
    const struct sockaddr *peer, const char *login);

/* For the log: the section's name, or "(default)". */
const char *policy_name(const struct policy *policy);

/* The largest message, in octets; the most connections of one address. */
uint64_t policy_message_size(const struct policy *policy, const struct config *config);
unsigned policy_connections(const struct policy *policy, const struct config *config);

/* Whether an address ("" for the null reverse-path) may be in MAIL, or in RCPT. */
bool policy_takes_sender(const struct policy *policy, const char *sender);
bool policy_takes_recipient(const struct policy *policy, const char *recipient);

enum { POLICY_WORDS_SIZE = 256 };

/* "; allowed: *@example.com, example.org": a list of senders, or "" when that would be long. */
void policy_describe_senders(const struct config_list *senders, char out[POLICY_WORDS_SIZE]);

/* A line for each listener whose own host is refused by sections that were meant for others. */
void policy_warn(const struct config *config, struct str *out);

#endif
