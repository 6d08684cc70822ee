/* SPDX-License-Identifier: ISC */
/*
 * faults.h - the misbehaviour that was ordered: which step goes wrong, how,
 * and how often.  This module only chooses; misbehave.c acts.
 */
#ifndef PROVIDER_FAULTS_H
#define PROVIDER_FAULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum step {
	STEP_CONNECT,
	STEP_GREETING,
	STEP_EHLO,
	STEP_EHLO2, /* after STARTTLS */
	STEP_HELO,
	STEP_STARTTLS,
	STEP_TLS,
	STEP_AUTH,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_CONTENT,
	STEP_DOT, /* the reply to a whole message, sent with DATA or with BDAT */
	STEP_BDAT,
	STEP_RSET,
	STEP_NOOP,
	STEP_QUIT,
	STEPS
};

enum action {
	ACTION_REPLY,
	ACTION_421,
	ACTION_GARBAGE,
	ACTION_RAW,
	ACTION_LONG,
	ACTION_TWICE,
	ACTION_OMIT,
	ACTION_SWAP,
	ACTION_ENDLESS,
	ACTION_ENDLESS_LINE,
	ACTION_SPLIT,
	ACTION_DELAY,
	ACTION_SILENCE,
	ACTION_STALL,
	ACTION_TARPIT,
	ACTION_CLOSE,
	ACTION_RST,
	ACTION_WITHOUT,
	ACTION_WRONG_CERT,
	ACTION_TLS_PLAIN,
};

struct fault {
	enum step step;
	enum action action;
	bool accept;          /* what was asked is done, whatever is said */
	char *text;           /* of reply and raw; of wrong-cert and without: the name */
	unsigned long number; /* milliseconds */
	unsigned long octets; /* of content, before the fault shows */
};

struct faults;

/* What a fault's patterns are held against. */
struct occasion {
	enum step step;
	const char *from;         /* NULL: no sender yet */
	const char *const *rcpts; /* any of them may match */
	size_t n_rcpts;
};

struct faults *faults_new(unsigned seed);
/* Make the faults' probability repeatable. */
void faults_seed(struct faults *faults, unsigned seed);
void faults_free(struct faults **faults);

/* Add a fault, "STEP=ACTION[,key=value]..."; 0, or -1 with the reason in why. */
int faults_add(struct faults *faults, const char *text, const char **why);

/* Forget all faults.  Sessions in the midst of one may finish it. */
void faults_clear(struct faults *faults);

/* The first fault whose turn it is, or NULL.  It lives as long as `faults`. */
const struct fault *faults_pick(struct faults *faults, const struct occasion *occasion);

/* Its name, as in an order. */
const char *step_name(enum step step);

/* A list of {fault, matched, fired}. */
json_t *faults_json(const struct faults *faults);

/*
 * Does what was asked for take effect, under this fault (or NULL), where a
 * reply of the class `normal` ('2', '3') is the normal one?
 */
bool fault_lets_pass(const struct fault *fault, char normal);

#endif
