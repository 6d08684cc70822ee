# tests of src/net
NET_TESTS = \
	tests/unit/net/test_conn \
	tests/unit/net/test_conn_tls \
	tests/unit/net/test_tls
check_PROGRAMS += $(NET_TESTS)
TESTS += $(NET_TESTS)
NET_TEST_LIBS = libnet.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)

tests_unit_net_test_conn_SOURCES = tests/unit/net/test_conn.c tests/unit/net/loop.c tests/unit/net/loop.h
tests_unit_net_test_conn_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_conn_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_conn_tls_SOURCES = tests/unit/net/test_conn_tls.c \
	tests/unit/net/certs.c tests/unit/net/certs.h tests/unit/net/loop.c tests/unit/net/loop.h
tests_unit_net_test_conn_tls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_conn_tls_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_tls_SOURCES = tests/unit/net/test_tls.c tests/unit/net/certs.c tests/unit/net/certs.h
tests_unit_net_test_tls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_tls_LDADD = $(NET_TEST_LIBS)
