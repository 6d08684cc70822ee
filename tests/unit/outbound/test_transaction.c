/* SPDX-License-Identifier: ISC */
/*
 * test_transaction.c - what replies, and the end of the connection, make of a message.  A script
 * has a word for each reply: M (MAIL), R (RCPT, of one recipient after another), D (DATA), C (the
 * content behind DATA), B (BDAT), S (the RSET behind it), then the code and perhaps "/" and the
 * enhanced code.  X: from here on the content is on its way; P: what the uplink does about 421.
 */
#include "outbound/transaction.h"

#include <stdio.h>
#include <string.h>

#include "outbound/delivery.h"
#include "smtp/reply.h"
#include "unit.h"

enum end {
	END_CONCLUDED,
	END_SHIFTED,  /* concluded, and a reply too many came */
	END_LOST,     /* before the content had left */
	END_LOST_ALL, /* after it */
};

enum { NRCPT_MAX = 8, SCRIPT_SIZE = 256 };

struct script {
	const char *replies;
	bool is_doubted;
	enum end end;
	bool is_blamed;
	/* A letter for each recipient: Untried, Delivered, put off (Later), Failed; then * when the
	 * outcome is unknown. */
	const char *fates;
};

static struct delivery *
new_delivery(size_t nrcpt)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);

	ck_assert_ptr_nonnull(delivery);
	delivery->fd = -1;
	delivery->nrcpt = nrcpt;
	delivery->rcpt = calloc(nrcpt, sizeof *delivery->rcpt);
	ck_assert_ptr_nonnull(delivery->rcpt);
	for (size_t i = 0; i < nrcpt; i++)
		delivery->rcpt[i].fate = RCPT_SENT;
	return delivery;
}

static enum step
step_of(char letter)
{
	static const char letters[] = "MRDCBS";
	static const enum step steps[] = { STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_DOT, STEP_DOT,
		STEP_RSET };

	return steps[strchr(letters, letter) - letters];
}

/* Give the reply of one word; returns what it meant. */
static enum meaning
say(struct transaction *transaction, const char *word, size_t *rcpt, bool is_early)
{
	struct smtp_reply reply = { .code = (int)strtol(word + 1, NULL, 10) };
	const char *slash = strchr(word, '/'), *equals = strchr(word, '=');
	struct verdict verdict;
	struct answer answer = {
		.host = "smtp.example.com",
		.step = step_of(word[0]),
		.reply = &reply,
		.is_early = is_early,
		.is_pipelined = true,
	};

	if (slash != NULL)
		(void)snprintf(reply.enhanced, sizeof reply.enhanced, "%.*s",
		    (int)strcspn(slash + 1, "="), slash + 1);
	if (equals != NULL)
		(void)snprintf(reply.text, sizeof reply.text, "%s", equals + 1);
	if (answer.step == STEP_RCPT)
		answer.rcpt = (*rcpt)++;
	transaction->is_bdat = word[0] == 'B' || transaction->is_bdat;
	transaction->content_sent = answer.step == STEP_DOT || transaction->content_sent;
	transaction->waiting++;
	return transaction_answer(transaction, &answer, &verdict);
}

static void
put_off_by(struct transaction *transaction, const char *word)
{
	const struct smtp_reply reply = { .code = (int)strtol(word + 1, NULL, 10) };

	transaction_put_off(transaction, &reply);
}

/* Play a script; returns the meaning of its last reply. */
static enum meaning
play(struct transaction *transaction, const char *replies)
{
	enum meaning meaning = MEANING_PLAIN;
	char copy[SCRIPT_SIZE], *rest = copy, *word;
	size_t rcpt = 0;

	(void)snprintf(copy, sizeof copy, "%s", replies);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word == 'X')
			transaction->content_begun = true;
		else if (*word == 'P')
			put_off_by(transaction, word);
		else if (*word != '\0')
			meaning = say(transaction, word, &rcpt, false);
	return meaning;
}

static void
end(struct transaction *transaction, const struct script *script)
{
	if (script->end == END_CONCLUDED || script->end == END_SHIFTED)
		transaction_conclude(transaction, script->end == END_SHIFTED);
	else
		transaction_lose(
		    transaction, script->end == END_LOST_ALL, script->is_blamed, "gone");
}

static void
expect_fates(const struct script *script)
{
	static const char letters[] = {
		[RCPT_UNTRIED] = 'U',
		[RCPT_SENT] = 'S',
		[RCPT_TAKEN] = 'T',
		[RCPT_DELIVERED] = 'D',
		[RCPT_DEFERRED] = 'L',
		[RCPT_FAILED] = 'F',
	};
	size_t nrcpt = strcspn(script->fates, "*");
	struct delivery *delivery = new_delivery(nrcpt);
	struct transaction transaction = { .delivery = delivery, .is_doubted = script->is_doubted };
	char got[NRCPT_MAX + 2] = "";

	play(&transaction, script->replies);
	end(&transaction, script);
	for (size_t i = 0; i < nrcpt; i++)
		got[i] = letters[delivery->rcpt[i].fate];
	if (delivery->uncertain)
		got[nrcpt] = '*';
	ck_assert_msg(strcmp(got, script->fates) == 0, "%s: %s instead of %s", script->replies, got,
	    script->fates);
	delivery_free(&delivery);
}

static const struct script sound[] = {
	{ "M250 R250 B250", false, END_CONCLUDED, false, "D" },
	{ "M250 R250 D354 C250", false, END_CONCLUDED, false, "D" },
	{ "M250 R250 R550/5.1.1 R450/4.2.1 B250", false, END_CONCLUDED, false, "DFL" },
	{ "M250 R250 R452 B250", false, END_CONCLUDED, false, "DU" },
	{ "M250 R452 R452 B554", false, END_CONCLUDED, false, "LL" },
	{ "M250 R250 B451/4.3.0", false, END_CONCLUDED, false, "L" },
	{ "M250 R250 B554/5.7.1", false, END_CONCLUDED, false, "F" },
	{ "M250 R250 D554/5.7.1", false, END_CONCLUDED, false, "F" },
	{ "M250 R250 D451", false, END_CONCLUDED, false, "L" },
	/* Nobody takes it: what is said of the rest merely repeats that. */
	{ "M550/5.1.8 R503/5.5.1 B503/5.5.1", false, END_CONCLUDED, false, "F" },
	{ "M451 R503 R503 B503", false, END_CONCLUDED, false, "LL" },
	{ "M250 R550/5.1.1 B503/5.5.1", false, END_CONCLUDED, false, "F" },
	{ "M250 R550/5.1.1 R450 B554", false, END_CONCLUDED, false, "FL" },
	{ "M250 R550/5.1.1 D503", false, END_CONCLUDED, false, "F" },
	{ "M250 R550/5.1.1 D354 C554", false, END_CONCLUDED, false, "F" },
	{ "M250 R550/5.1.1 D354 C250", false, END_CONCLUDED, false, "F" },
	/* RSET was refused for its own sake. */
	{ "M250 R250 B250 S502", false, END_CONCLUDED, false, "D" },
	{ "M250 R550/5.1.1 B554 S502", false, END_CONCLUDED, false, "F" },
};

START_TEST(sound_replies_judge)
{
	expect_fates(&sound[_i]);
}
END_TEST

static const struct script contradictions[] = {
	/* Untouched, since nothing of it was taken. */
	{ "M503 R503 B503", false, END_CONCLUDED, false, "U" },
	{ "M554/5.5.0=synchronization", false, END_CONCLUDED, false, "U" },
	{ "M250 R550/5.7.1=Pipelining", false, END_CONCLUDED, false, "U" },
	{ "M354 R250 B554", false, END_CONCLUDED, false, "U" },
	{ "M250 R503 B503", false, END_CONCLUDED, false, "U" },
	{ "M550/5.1.8 R250 B554", false, END_CONCLUDED, false, "U" },
	{ "M250 R250 B502", false, END_CONCLUDED, false, "U" },
	{ "M250 R250 B500/5.5.1", false, END_CONCLUDED, false, "U" },
	{ "M250 R250 B504/5.5.4", false, END_CONCLUDED, false, "U" },
	{ "M250 R250 R550 B503", false, END_CONCLUDED, false, "UU" },
	{ "M250 R250 D503", false, END_CONCLUDED, false, "U" },
	/* It may have arrived. */
	{ "M250 R550/5.1.1 B250", false, END_CONCLUDED, false, "L*" },
	{ "M550/5.1.8 R250 B250", false, END_CONCLUDED, false, "L*" },
	{ "M250 R250 B354", false, END_CONCLUDED, false, "L*" },
	{ "M250 R250 D354 C354", false, END_CONCLUDED, false, "L*" },
	{ "M250 R250 B250 S554", false, END_SHIFTED, false, "L*" },
	{ "M250 R550/5.1.1 B554 S502", false, END_SHIFTED, false, "U" },
	{ "M250 R550/5.1.1 R250 B250 S250", false, END_SHIFTED, false, "LL*" },
	{ "M250 R250 B550/5.7.1 S250", false, END_SHIFTED, false, "L*" },
	{ "M250 R550/5.1.1 B503 S250", false, END_SHIFTED, false, "L*" },
	/* Behind one that did not fit only a whole success counts. */
	{ "M250 R250 B250 S250", true, END_CONCLUDED, false, "D" },
	{ "M250 R250 R550 R450 B250", true, END_CONCLUDED, false, "DUU" },
	{ "M250 R250 B554/5.7.1", true, END_CONCLUDED, false, "U" },
	{ "M250 R550/5.1.1 B503", true, END_CONCLUDED, false, "U" },
	{ "M550/5.1.8 R503 B503", true, END_CONCLUDED, false, "U" },
};

START_TEST(contradictions_bounce_nothing)
{
	expect_fates(&contradictions[_i]);
}
END_TEST

static const struct script losses[] = {
	{ "", false, END_LOST, false, "U" },
	{ "", false, END_LOST_ALL, false, "L*" },
	{ "M250", false, END_LOST, false, "U" },
	{ "M250", false, END_LOST, true, "L" },
	{ "M250 R250", false, END_LOST_ALL, true, "L*" },
	{ "M250 R250 R550/5.1.1", false, END_LOST_ALL, true, "LF*" },
	{ "M250 R550/5.1.1", false, END_LOST_ALL, false, "F" },
	{ "M550/5.1.8", false, END_LOST_ALL, false, "F" },
	{ "M250 R250 R550/5.1.1", true, END_LOST_ALL, false, "LU*" },
	{ "M550/5.1.8 R250", false, END_LOST_ALL, false, "U" },
	{ "M250 R250 B250", false, END_LOST_ALL, false, "D" },
	{ "M250 R550/5.1.1 B250", false, END_LOST_ALL, false, "L*" },
	{ "M250 R250 B421", false, END_LOST_ALL, false, "U" },
	{ "M421", false, END_LOST, false, "U" },
};

START_TEST(a_lost_connection_leaves_unknown_what_had_left)
{
	expect_fates(&losses[_i]);
}
END_TEST

static const struct script put_off[] = {
	{ "M250 X R250 R421 P421 R250 B250", false, END_CONCLUDED, false, "DLD" },
	{ "M250 X R250 R421 P421 R450/4.2.1 B250", false, END_CONCLUDED, false, "DLL" },
	{ "M250 X R250 R421 P421 R250 B421 P421", false, END_LOST_ALL, false, "LLL" },
	{ "M250 X R250 R421 P421", false, END_LOST, true, "LLL" },
	{ "M250 X R250 R421 P421", false, END_LOST, false, "ULL" },
	{ "M250 R250 R421 P421", false, END_LOST, false, "LLL" },
};

START_TEST(whom_the_upstream_takes_all_the_same_is_not_put_off)
{
	expect_fates(&put_off[_i]);
}
END_TEST

static const struct {
	const char *replies;
	enum meaning meaning;
} meanings[] = {
	{ "M250", MEANING_PLAIN },
	{ "M550/5.1.8", MEANING_PLAIN },
	{ "M421", MEANING_CLOSING },
	{ "M250 R421", MEANING_CLOSING },
	{ "M250 R250 B421", MEANING_CLOSING },
	{ "M250 R250 B250 S421", MEANING_CLOSING },
	{ "M530", MEANING_TROUBLE },
	{ "M250 R250 B550/5.4.5", MEANING_TROUBLE },
	{ "M250 R250 D354", MEANING_CONTENT },
	{ "M250 R550/5.1.1 D354", MEANING_CONTENT },
	{ "M250 R250 D250", MEANING_ODD },
	{ "M250 R250 B503", MEANING_ODD },
	{ "M250 R250 B250 S550", MEANING_ODD },
	{ "M550/5.1.8 R530", MEANING_PLAIN },
};

START_TEST(a_reply_has_a_meaning_for_the_connection)
{
	struct delivery *delivery = new_delivery(2);
	struct transaction transaction = { .delivery = delivery };
	enum meaning got = play(&transaction, meanings[_i].replies);

	ck_assert_msg(got == meanings[_i].meaning, "%s: %d", meanings[_i].replies, (int)got);
	ck_assert_uint_eq(transaction.waiting, 0);
	delivery_free(&delivery);
}
END_TEST

/* A yes to content that has not left was not meant for it; a no may come as soon as it likes. */
START_TEST(an_early_yes_is_odd)
{
	for (int code = 250; code <= 554; code += 304) {
		struct delivery *delivery = new_delivery(1);
		struct transaction transaction = { .delivery = delivery };
		size_t rcpt = 0;

		play(&transaction, "M250 R250");
		ck_assert_int_eq(
		    say(&transaction, code == 250 ? "B250" : "B554/5.7.1", &rcpt, true),
		    code == 250 ? MEANING_ODD : MEANING_PLAIN);
		transaction_conclude(&transaction, false);
		ck_assert_int_eq(delivery->rcpt[0].fate, code == 250 ? RCPT_DEFERRED : RCPT_FAILED);
		ck_assert_int_eq(delivery->uncertain, code == 250);
		delivery_free(&delivery);
	}
}
END_TEST

static void
add_table(Suite *suite, const char *name, const TTest *test, size_t cases)
{
	TCase *tcase = tcase_create(name);

	tcase_add_loop_test(tcase, test, 0, (int)cases);
	suite_add_tcase(suite, tcase);
}

static void
add_cases(Suite *suite)
{
	add_table(suite, "sound", sound_replies_judge, sizeof sound / sizeof *sound);
	add_table(suite, "contradictions", contradictions_bounce_nothing,
	    sizeof contradictions / sizeof *contradictions);
	add_table(suite, "losses", a_lost_connection_leaves_unknown_what_had_left,
	    sizeof losses / sizeof *losses);
	add_table(suite, "put off", whom_the_upstream_takes_all_the_same_is_not_put_off,
	    sizeof put_off / sizeof *put_off);
	add_table(suite, "meanings", a_reply_has_a_meaning_for_the_connection,
	    sizeof meanings / sizeof *meanings);
	add_tests(suite, "early", an_early_yes_is_odd);
}

UNIT_MAIN("transaction")
