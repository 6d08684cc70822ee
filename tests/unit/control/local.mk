# tests of src/control
CONTROL_TESTS = \
	tests/unit/control/test_present \
	tests/unit/control/test_render \
	tests/unit/control/test_selection
check_PROGRAMS += $(CONTROL_TESTS)
TESTS += $(CONTROL_TESTS)
CONTROL_TEST_LIBS = libcontrol.a liboutbound.a libqueue.a libspool.a libnet.a libconfig.a libsmtp.a libbase.a \
	$(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(JANSSON_LIBS) $(GSASL_LIBS) $(CONFUSE_LIBS) $(CRYPT_LIBS) $(IDN2_LIBS)
tests_unit_control_test_present_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_control_test_present_LDADD = $(CONTROL_TEST_LIBS)
tests_unit_control_test_render_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_control_test_render_LDADD = $(CONTROL_TEST_LIBS)
tests_unit_control_test_selection_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_control_test_selection_LDADD = $(CONTROL_TEST_LIBS)
