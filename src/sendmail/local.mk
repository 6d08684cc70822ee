noinst_LIBRARIES += libsendmail.a
libsendmail_a_SOURCES = \
	src/sendmail/addresses.c src/sendmail/addresses.h \
	src/sendmail/compose.c src/sendmail/compose.h \
	src/sendmail/input.c src/sendmail/input.h \
	src/sendmail/options.c src/sendmail/options.h \
	src/sendmail/qualify.c src/sendmail/qualify.h \
	src/sendmail/submit.c src/sendmail/submit.h \
	src/sendmail/wire.c src/sendmail/wire.h
