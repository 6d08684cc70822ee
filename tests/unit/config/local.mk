# tests of src/config
CONFIG_TEST_LDADD = libconfig.a libsmtp.a libbase.a $(CHECK_LIBS) $(CONFUSE_LIBS) $(CRYPT_LIBS) $(GSASL_LIBS) $(OPENSSL_LIBS)
config_tests = tests/unit/config/test_certificate tests/unit/config/test_check tests/unit/config/test_client \
	tests/unit/config/test_config \
	tests/unit/config/test_key tests/unit/config/test_paths tests/unit/config/test_pin tests/unit/config/test_raw \
	tests/unit/config/test_saslprep \
	tests/unit/config/test_secret tests/unit/config/test_secret_command tests/unit/config/test_users
check_PROGRAMS += $(config_tests)
TESTS += $(config_tests)
config_sample = tests/unit/config/sample.c tests/unit/config/sample.h

tests_unit_config_test_certificate_SOURCES = tests/unit/config/test_certificate.c $(config_sample)
tests_unit_config_test_certificate_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_certificate_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_pin_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_pin_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_check_SOURCES = tests/unit/config/test_check.c $(config_sample)
tests_unit_config_test_check_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_check_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_client_SOURCES = tests/unit/config/test_client.c $(config_sample)
tests_unit_config_test_client_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_client_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_config_SOURCES = tests/unit/config/test_config.c $(config_sample)
tests_unit_config_test_config_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_config_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_key_SOURCES = tests/unit/config/test_key.c $(config_sample)
tests_unit_config_test_key_CPPFLAGS = $(UNIT_CPPFLAGS) -DTOP_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_config_test_key_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_paths_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_paths_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_raw_SOURCES = tests/unit/config/test_raw.c $(config_sample)
tests_unit_config_test_raw_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_raw_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_saslprep_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_saslprep_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_secret_command_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_secret_command_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_secret_SOURCES = tests/unit/config/test_secret.c $(config_sample)
tests_unit_config_test_secret_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_secret_LDADD = $(CONFIG_TEST_LDADD)
tests_unit_config_test_users_SOURCES = tests/unit/config/test_users.c $(config_sample)
tests_unit_config_test_users_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_test_users_LDADD = $(CONFIG_TEST_LDADD)
