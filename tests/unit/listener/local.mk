# tests of src/listener
LISTENER_TESTS = \
	tests/unit/listener/test_accept \
	tests/unit/listener/test_auth \
	tests/unit/listener/test_bdat \
	tests/unit/listener/test_clients \
	tests/unit/listener/test_data \
	tests/unit/listener/test_early \
	tests/unit/listener/test_listener \
	tests/unit/listener/test_mail \
	tests/unit/listener/test_policy \
	tests/unit/listener/test_rates \
	tests/unit/listener/test_session \
	tests/unit/listener/test_space \
	tests/unit/listener/test_starttls \
	tests/unit/listener/test_verb \
	tests/unit/listener/test_verifier
check_PROGRAMS += $(LISTENER_TESTS)
TESTS += $(LISTENER_TESTS)
LISTENER_TEST_LIBS = liblistener.a libspool.a libnet.a libconfig.a libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) \
	$(OPENSSL_LIBS) $(GSASL_LIBS) $(CRYPT_LIBS)
LISTENER_TALK = \
	tests/unit/listener/fake_spool.c tests/unit/listener/fake_spool.h \
	tests/unit/listener/talk.c tests/unit/listener/talk.h

tests_unit_listener_test_accept_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_accept_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_auth_SOURCES = tests/unit/listener/test_auth.c $(LISTENER_TALK)
tests_unit_listener_test_auth_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_auth_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_bdat_SOURCES = tests/unit/listener/test_bdat.c $(LISTENER_TALK)
tests_unit_listener_test_bdat_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_bdat_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_clients_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_clients_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_data_SOURCES = tests/unit/listener/test_data.c $(LISTENER_TALK)
tests_unit_listener_test_data_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_data_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_early_SOURCES = tests/unit/listener/test_early.c $(config_sample)
tests_unit_listener_test_early_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_early_LDADD = $(LISTENER_TEST_LIBS) $(CONFUSE_LIBS)

tests_unit_listener_test_listener_SOURCES = tests/unit/listener/test_listener.c \
	tests/unit/listener/house.c tests/unit/listener/house.h
tests_unit_listener_test_listener_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_listener_LDADD = liblistener.a tests/unit/spool/librig.a libspool.a $(LISTENER_TEST_LIBS)

tests_unit_listener_test_mail_SOURCES = tests/unit/listener/test_mail.c $(LISTENER_TALK)
tests_unit_listener_test_mail_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_mail_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_policy_SOURCES = tests/unit/listener/test_policy.c $(config_sample)
tests_unit_listener_test_policy_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_policy_LDADD = $(LISTENER_TEST_LIBS) $(CONFUSE_LIBS)

tests_unit_listener_test_rates_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_rates_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_session_SOURCES = tests/unit/listener/test_session.c $(LISTENER_TALK)
tests_unit_listener_test_session_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_session_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_space_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_space_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_starttls_SOURCES = tests/unit/listener/test_starttls.c $(LISTENER_TALK) $(NET_TEST_CERTS)
tests_unit_listener_test_starttls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_starttls_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_verb_SOURCES = tests/unit/listener/test_verb.c $(LISTENER_TALK)
tests_unit_listener_test_verb_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_verb_LDADD = $(LISTENER_TEST_LIBS)

tests_unit_listener_test_verifier_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_listener_test_verifier_LDADD = $(LISTENER_TEST_LIBS)
