# tests of src/smtp
SMTP_TESTS = \
	tests/unit/smtp/test_address \
	tests/unit/smtp/test_boundary \
	tests/unit/smtp/test_capability \
	tests/unit/smtp/test_command \
	tests/unit/smtp/test_domain \
	tests/unit/smtp/test_dot \
	tests/unit/smtp/test_dot_model \
	tests/unit/smtp/test_dsn \
	tests/unit/smtp/test_enhanced \
	tests/unit/smtp/test_header \
	tests/unit/smtp/test_idn \
	tests/unit/smtp/test_mime \
	tests/unit/smtp/test_parameter \
	tests/unit/smtp/test_pattern \
	tests/unit/smtp/test_recode \
	tests/unit/smtp/test_reply \
	tests/unit/smtp/test_reply_format \
	tests/unit/smtp/test_transfer \
	tests/unit/smtp/test_utf8 \
	tests/unit/smtp/test_verb \
	tests/unit/smtp/test_xtext
check_PROGRAMS += $(SMTP_TESTS)
TESTS += $(SMTP_TESTS)

tests_unit_smtp_test_address_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_address_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_boundary_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_boundary_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_capability_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_capability_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_command_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_command_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_domain_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_domain_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_dot_SOURCES = tests/unit/smtp/test_dot.c tests/unit/smtp/dot_text.h
tests_unit_smtp_test_dot_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_dot_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_dot_model_SOURCES = tests/unit/smtp/test_dot_model.c tests/unit/smtp/dot_text.h
tests_unit_smtp_test_dot_model_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_dot_model_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_dsn_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_dsn_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_enhanced_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_enhanced_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_header_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_header_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_idn_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_idn_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS) $(IDN2_LIBS)
tests_unit_smtp_test_mime_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_mime_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_parameter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_parameter_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_pattern_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_pattern_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_recode_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_recode_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_reply_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_reply_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_reply_format_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_reply_format_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_transfer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_transfer_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_utf8_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_utf8_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_verb_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_verb_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_smtp_test_xtext_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_smtp_test_xtext_LDADD = libsmtp.a libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
