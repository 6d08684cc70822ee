# tests of src/daemon; tests/e2e has those with real processes
DAEMON_TESTS = \
	tests/unit/daemon/test_backoff \
	tests/unit/daemon/test_channel \
	tests/unit/daemon/test_notify \
	tests/unit/daemon/test_options \
	tests/unit/daemon/test_privileges \
	tests/unit/daemon/test_sandbox \
	tests/unit/daemon/test_sockets
check_PROGRAMS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
DAEMON_TEST_LIBS = libdaemon.a libnet.a libconfig.a libsmtp.a libbase.a \
	$(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(CONFUSE_LIBS) $(CRYPT_LIBS) $(SECCOMP_LIBS)

tests_unit_daemon_test_backoff_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_daemon_test_backoff_LDADD = $(DAEMON_TEST_LIBS)
tests_unit_daemon_test_channel_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_daemon_test_channel_LDADD = $(DAEMON_TEST_LIBS)
tests_unit_daemon_test_notify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_daemon_test_notify_LDADD = $(DAEMON_TEST_LIBS)
tests_unit_daemon_test_options_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_daemon_test_options_LDADD = $(DAEMON_TEST_LIBS)
tests_unit_daemon_test_privileges_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_daemon_test_privileges_LDADD = $(DAEMON_TEST_LIBS)
tests_unit_daemon_test_sandbox_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_daemon_test_sandbox_LDADD = $(DAEMON_TEST_LIBS)
tests_unit_daemon_test_sockets_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_daemon_test_sockets_LDADD = $(DAEMON_TEST_LIBS)
