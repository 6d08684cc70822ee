/* SPDX-License-Identifier: ISC */
/*
 * misbehave.c - what each action does, in place of a reply or where none is
 * due.  Whether the step's effect takes place was decided before, by
 * fault_lets_pass(): here it is only about what goes out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "reply.h"
#include "session.h"

#define LONG_LINES   100
#define NUMBERED_MAX 4096

/* The first %n becomes a number that no other reply has. */
static void
number_text(const char *text, char out[NUMBERED_MAX])
{
	static unsigned long number;
	const char *at = strstr(text, "%n");

	if (at == NULL)
		snprintf(out, NUMBERED_MAX, "%s", text);
	else
		snprintf(out, NUMBERED_MAX, "%.*s%lu%s", (int)(at - text), text, ++number, at + 2);
}

static void
act_reply(struct session *s, const struct fault *f, const struct reply *normal)
{
	char text[NUMBERED_MAX], *end;

	number_text(f->text, text);

	unsigned long code = strtoul(text, &end, 10);

	(void)normal;
	if (end != text + 3 || (*end != ' ' && *end != '\0'))
		reply_raw(s, text);
	else
		reply(s, (unsigned)code, NULL, *end == ' ' ? end + 1 : end);
}

static void
act_421(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	(void)normal;
	reply_goodbye(s, "4.3.2", "Service shutting down");
}

static void
act_garbage(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	(void)normal;
	reply_raw(s, "\x15\x03 this is no SMTP reply\r\n");
}

static void
act_raw(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)normal;
	reply_raw(s, f->text);
}

static void
act_long(struct session *s, const struct fault *f, const struct reply *normal)
{
	char text[LONG_LINES * 32 + 1024] = "";
	size_t len = 0;

	(void)f;
	for (int i = 1; i < LONG_LINES; i++) {
		memcpy(text + len, "One line of many\n", 17);
		len += 17;
	}
	memcpy(text + len, normal->text, strnlen(normal->text, 1000));
	reply_send(s, &(struct reply){ normal->code, normal->enhanced, text });
}

static void
act_twice(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	reply_send(s, normal);
	reply_send(s, normal);
}

static void
act_omit(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)s;
	(void)f;
	(void)normal;
}

static void
act_swap(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	reply_send_behind_next(s, normal);
}

static void
act_endless(struct session *s, const struct fault *f, const struct reply *normal)
{
	char line[] = "250-and so on and on\r\n";

	line[0] = (char)('0' + normal->code / 100);
	session_deafen(s);
	output_endless(s, f->action == ACTION_ENDLESS ? line : "250 and so on, in one line ");
}

static void
act_slow(struct session *s, const struct fault *f, const struct reply *normal)
{
	reply_send_slowly(s, normal, f->number);
}

static void
act_delay(struct session *s, const struct fault *f, const struct reply *normal)
{
	output_delay(s, f->number);
	reply_send(s, normal);
}

static void
act_silence(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	(void)normal;
	session_deafen(s);
}

static void
act_stall(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	(void)normal;
	session_stall(s, 0);
}

static void
act_close(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)normal;
	session_deafen(s);
	output_then(s, f->action == ACTION_RST ? OUTPUT_RST : OUTPUT_CLOSE);
}

static void
act_normal(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	reply_send(s, normal);
}

/* Clear text behind the 220, in one segment with it: the client must not take it for a reply under
 * TLS. */
static void
act_tls_plain(struct session *s, const struct fault *f, const struct reply *normal)
{
	(void)f;
	reply_send(s, normal);
	reply_raw(s, "250-injected.example\r\n250-AUTH PLAIN LOGIN\r\n250 PIPELINING\r\n");
}

typedef void act(struct session *s, const struct fault *f, const struct reply *normal);

static act *const acts[] = {
	[ACTION_REPLY] = act_reply,
	[ACTION_421] = act_421,
	[ACTION_GARBAGE] = act_garbage,
	[ACTION_RAW] = act_raw,
	[ACTION_LONG] = act_long,
	[ACTION_TWICE] = act_twice,
	[ACTION_OMIT] = act_omit,
	[ACTION_SWAP] = act_swap,
	[ACTION_ENDLESS] = act_endless,
	[ACTION_ENDLESS_LINE] = act_endless,
	[ACTION_SPLIT] = act_slow,
	[ACTION_DELAY] = act_delay,
	[ACTION_SILENCE] = act_silence,
	[ACTION_STALL] = act_stall,
	[ACTION_TARPIT] = act_slow,
	[ACTION_CLOSE] = act_close,
	[ACTION_RST] = act_close,
	[ACTION_WITHOUT] = act_normal,
	[ACTION_WRONG_CERT] = act_normal,
	[ACTION_TLS_PLAIN] = act_tls_plain,
};

void
reply_fault(struct session *s, const struct fault *fault, const struct reply *normal)
{
	acts[fault->action](s, fault, normal);
}

bool
misbehave(struct session *s, const struct fault *fault)
{
	bool content = fault->step == STEP_CONTENT;

	switch (fault->action) {
	case ACTION_DELAY:
		if (content)
			session_stall(s, fault->number);
		else
			output_delay(s, fault->number);
		return false;
	case ACTION_TARPIT:
		session_stall(s, fault->number > 0 ? fault->number : 1);
		return false;
	case ACTION_GARBAGE:
	case ACTION_RAW:
		acts[fault->action](s, fault, NULL);
		if (content)
			return false;
		session_deafen(s);
		output_then(s, OUTPUT_CLOSE);
		return true;
	default:
		acts[fault->action](s, fault, NULL);
		return true;
	}
}
