# tests of src/outbound
OUTBOUND_TESTS = \
	tests/unit/outbound/test_auth \
	tests/unit/outbound/test_classify \
	tests/unit/outbound/test_compact \
	tests/unit/outbound/test_convert \
	tests/unit/outbound/test_expect \
	tests/unit/outbound/test_flight \
	tests/unit/outbound/test_health \
	tests/unit/outbound/test_hint \
	tests/unit/outbound/test_history \
	tests/unit/outbound/test_ledger \
	tests/unit/outbound/test_pace \
	tests/unit/outbound/test_demand \
	tests/unit/outbound/test_detour \
	tests/unit/outbound/test_parameters \
	tests/unit/outbound/test_ports \
	tests/unit/outbound/test_route \
	tests/unit/outbound/test_segments \
	tests/unit/outbound/test_served \
	tests/unit/outbound/test_step \
	tests/unit/outbound/test_meter \
	tests/unit/outbound/test_transaction \
	tests/unit/outbound/test_trust \
	tests/unit/outbound/test_width
check_PROGRAMS += $(OUTBOUND_TESTS)
TESTS += $(OUTBOUND_TESTS)
tests_unit_outbound_test_auth_SOURCES = tests/unit/outbound/test_auth.c \
	tests/unit/outbound/login.c tests/unit/outbound/login.h $(NET_TEST_CERTS)
tests_unit_outbound_test_auth_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_auth_LDADD = liboutbound.a libnet.a libconfig.a libsmtp.a libbase.a \
	$(CHECK_LIBS) $(EVENT_LIBS) $(CONFUSE_LIBS) $(GSASL_LIBS) $(OPENSSL_LIBS)
tests_unit_outbound_test_classify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_classify_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_compact_SOURCES = \
	tests/unit/outbound/test_compact.c tests/unit/outbound/inside.c \
	tests/unit/outbound/inside.h
tests_unit_outbound_test_compact_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_compact_LDADD = liboutbound.a libqueue.a libconfig.a libsmtp.a $(SPOOL_LIBS)
tests_unit_outbound_test_expect_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_expect_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_flight_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_flight_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_health_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_health_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_hint_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_hint_LDADD = liboutbound.a $(CHECK_LIBS)
tests_unit_outbound_test_history_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_history_LDADD = liboutbound.a libqueue.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_ledger_SOURCES = \
	tests/unit/outbound/test_ledger.c tests/unit/outbound/inside.c \
	tests/unit/outbound/inside.h
tests_unit_outbound_test_ledger_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_ledger_LDADD = liboutbound.a libqueue.a libconfig.a libsmtp.a $(SPOOL_LIBS)
tests_unit_outbound_test_parameters_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_parameters_LDADD = liboutbound.a libqueue.a libspool.a libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(IDN2_LIBS)
tests_unit_outbound_test_convert_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_convert_LDADD = liboutbound.a libqueue.a libspool.a libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(IDN2_LIBS)
tests_unit_outbound_test_demand_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_demand_LDADD = liboutbound.a libqueue.a libspool.a libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(IDN2_LIBS)
tests_unit_outbound_test_ports_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_ports_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_pace_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_pace_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_route_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_route_LDADD = liboutbound.a libqueue.a libspool.a libconfig.a \
	libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(CONFUSE_LIBS) $(OPENSSL_LIBS)
tests_unit_outbound_test_detour_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_detour_LDADD = liboutbound.a libqueue.a libspool.a libconfig.a \
	libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(CONFUSE_LIBS) $(OPENSSL_LIBS)
tests_unit_outbound_test_segments_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_segments_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_served_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_served_LDADD = liboutbound.a libqueue.a $(CHECK_LIBS)
tests_unit_outbound_test_step_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_step_LDADD = liboutbound.a $(CHECK_LIBS)
tests_unit_outbound_test_meter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_meter_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_width_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_width_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
tests_unit_outbound_test_transaction_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_transaction_LDADD = liboutbound.a libqueue.a libspool.a libsmtp.a libbase.a \
	$(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)
tests_unit_outbound_test_trust_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_outbound_test_trust_LDADD = liboutbound.a libbase.a $(CHECK_LIBS)
