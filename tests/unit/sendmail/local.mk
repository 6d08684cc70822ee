# tests of src/sendmail
SENDMAIL_TESTS = \
	tests/unit/sendmail/test_addresses \
	tests/unit/sendmail/test_compose \
	tests/unit/sendmail/test_options \
	tests/unit/sendmail/test_qualify
check_PROGRAMS += $(SENDMAIL_TESTS)
TESTS += $(SENDMAIL_TESTS)
tests_unit_sendmail_test_addresses_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sendmail_test_addresses_LDADD = libsendmail.a libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_sendmail_test_compose_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sendmail_test_compose_LDADD = libsendmail.a libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_sendmail_test_options_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sendmail_test_options_LDADD = libsendmail.a libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_sendmail_test_qualify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sendmail_test_qualify_LDADD = libsendmail.a libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
