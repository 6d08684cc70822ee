# tests of src/smtp
SMTP_TESTS = \
	tests/unit/smtp/test_address \
	tests/unit/smtp/test_domain \
	tests/unit/smtp/test_dot \
	tests/unit/smtp/test_utf8
check_PROGRAMS += $(SMTP_TESTS)
TESTS += $(SMTP_TESTS)

tests_unit_smtp_test_address_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_address_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_domain_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_domain_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_dot_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_dot_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_utf8_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_utf8_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
