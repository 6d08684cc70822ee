/* SPDX-License-Identifier: ISC */
/*
 * passwd.c - asks for a password, twice and without echo on a terminal, else takes the first line
 * of its input, and prints what a users_file keeps of it.  It never is an argument: others see
 * those.
 */
#include "ctl/passwd.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "config/saslprep.h"
#include "config/scram_key.h"
#include "config/users.h"

enum { PASSWORD_SIZE = 1024 + 2 }; /* with line end and NUL */

/* One line, without its end; NULL, or what is wrong. */
static const char *
read_line(char out[PASSWORD_SIZE])
{
	if (fgets(out, PASSWORD_SIZE, stdin) == NULL)
		return "no password was given";

	size_t len = strcspn(out, "\n");

	if (out[len] == '\0' && len == PASSWORD_SIZE - 1)
		return "the password is longer than 1024 octets";
	out[len] = '\0';
	return len == 0 ? "the password is empty" : NULL;
}

/* Signals wait until the terminal shows again what is typed. */
static const char *
ask(const char *prompt, char out[PASSWORD_SIZE])
{
	struct termios shown, hidden;
	sigset_t all, before;

	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return "the terminal cannot be used";
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	hidden.c_lflag |= ECHONL;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	fputs(prompt, stderr);

	const char *why = read_line(out);

	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return why;
}

static const char *
read_password(char out[PASSWORD_SIZE])
{
	char again[PASSWORD_SIZE];

	if (!isatty(STDIN_FILENO))
		return read_line(out);

	const char *why = ask("Password: ", out);

	if (why == NULL)
		why = ask("Again: ", again);
	if (why == NULL && strcmp(out, again) != 0)
		why = "the two are not the same";
	OPENSSL_cleanse(again, sizeof again);
	return why;
}

static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > USER_NAME_MAX || name[0] == '#')
		return false;
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f || *name == ':')
			return false;
	return true;
}

/* Clients of SCRAM spell a password in one way before they use it, so the key is made of that. */
static int
make_key(const char *password, struct scram_key *out)
{
	char *spelled = saslprep(password);
	int result = scram_key_make(spelled != NULL ? spelled : password, out);

	saslprep_wipe(&spelled);
	return result;
}

static int
print_entry(const char *name, const char *password)
{
	struct scram_key key;
	char text[SCRAM_KEY_TEXT_SIZE];

	if (make_key(password, &key) < 0) {
		fputs("posternctl: OpenSSL has no random numbers or digests\n", stderr);
		return EX_SOFTWARE;
	}
	scram_key_format(&key, text);
	printf("%s:%s\n", name, text);
	return EX_OK;
}

int
passwd_command(const char *file, int argc, char **argv)
{
	char password[PASSWORD_SIZE];
	int code = EX_DATAERR;

	(void)file;
	if (argc != 2 || !is_name(argv[1]))
		return EX_USAGE;

	const char *why = read_password(password);

	if (why == NULL)
		code = print_entry(argv[1], password);
	else
		fprintf(stderr, "posternctl: %s\n", why);
	OPENSSL_cleanse(password, sizeof password);
	return code;
}
