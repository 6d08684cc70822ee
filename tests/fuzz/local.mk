# Fuzz targets (libFuzzer): configure with CC=clang --enable-fuzz, then `make fuzz`.
if FUZZ
FUZZ_TARGETS = \
	tests/fuzz/fuzz_address \
	tests/fuzz/fuzz_command \
	tests/fuzz/fuzz_content \
	tests/fuzz/fuzz_login \
	tests/fuzz/fuzz_proxy \
	tests/fuzz/fuzz_recode \
	tests/fuzz/fuzz_session
EXTRA_PROGRAMS = $(FUZZ_TARGETS)
CLEANFILES += $(FUZZ_TARGETS)
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
FUZZ_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit -I$(top_srcdir)/tests/unit/listener
FUZZ_LIBS = liblistener.a libspool.a libnet.a libconfig.a libsmtp.a libbase.a $(EVENT_LIBS) \
	$(OPENSSL_LIBS) $(GSASL_LIBS) $(CRYPT_LIBS)

tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz_address.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_address_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_address_LDADD = libsmtp.a libbase.a $(OPENSSL_LIBS)

tests_fuzz_fuzz_command_SOURCES = tests/fuzz/fuzz_command.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_command_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_command_LDADD = libsmtp.a libbase.a $(OPENSSL_LIBS)

tests_fuzz_fuzz_content_SOURCES = tests/fuzz/fuzz_content.c tests/fuzz/fuzz.h \
	tests/unit/listener/fake_spool.c tests/unit/listener/fake_spool.h
tests_fuzz_fuzz_content_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_content_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_content_LDADD = $(FUZZ_LIBS)

tests_fuzz_fuzz_login_SOURCES = tests/fuzz/fuzz_login.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_login_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_login_LDADD = $(FUZZ_LIBS)

tests_fuzz_fuzz_proxy_SOURCES = tests/fuzz/fuzz_proxy.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_proxy_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_proxy_LDADD = libnet.a libbase.a

tests_fuzz_fuzz_recode_SOURCES = tests/fuzz/fuzz_recode.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_recode_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_recode_LDADD = libsmtp.a libbase.a $(OPENSSL_LIBS)

tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c tests/fuzz/check.h tests/fuzz/fuzz.h \
	tests/unit/listener/fake_spool.c tests/unit/listener/fake_spool.h \
	tests/unit/listener/talk.c tests/unit/listener/talk.h
tests_fuzz_fuzz_session_CPPFLAGS = -I$(top_srcdir)/tests/fuzz $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_session_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_session_LDADD = $(FUZZ_LIBS)

# FUZZ_FLAGS=-max_total_time=600: libFuzzer's options.
fuzz: $(FUZZ_TARGETS)
	$(srcdir)/contrib/fuzz $(builddir) $(FUZZ_FLAGS)
endif
