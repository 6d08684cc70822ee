# tests of src/net
NET_TESTS = \
	tests/unit/net/test_conn \
	tests/unit/net/test_conn_line \
	tests/unit/net/test_conn_linger \
	tests/unit/net/test_conn_tls \
	tests/unit/net/test_dial \
	tests/unit/net/test_listen \
	tests/unit/net/test_names \
	tests/unit/net/test_proxy_header \
	tests/unit/net/test_socks \
	tests/unit/net/test_tls \
	tests/unit/net/test_tls_server
check_PROGRAMS += $(NET_TESTS)
TESTS += $(NET_TESTS)
NET_TEST_LOOP = tests/unit/net/loop.c tests/unit/net/loop.h
NET_TEST_OWNER = tests/unit/net/owner.c tests/unit/net/owner.h
NET_TEST_CERTS = tests/unit/net/certs.c tests/unit/net/certs.h
NET_TEST_RIG = tests/unit/net/rig.c tests/unit/net/rig.h $(NET_TEST_LOOP)
NET_TEST_LIBS = libnet.a libconfig.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)

tests_unit_net_test_conn_SOURCES = tests/unit/net/test_conn.c $(NET_TEST_LOOP) $(NET_TEST_OWNER)
tests_unit_net_test_conn_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_conn_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_conn_line_SOURCES = tests/unit/net/test_conn_line.c $(NET_TEST_LOOP)
tests_unit_net_test_conn_line_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_conn_line_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_conn_linger_SOURCES = tests/unit/net/test_conn_linger.c \
	$(NET_TEST_LOOP) $(NET_TEST_OWNER)
tests_unit_net_test_conn_linger_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_conn_linger_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_conn_tls_SOURCES = tests/unit/net/test_conn_tls.c \
	$(NET_TEST_LOOP) $(NET_TEST_CERTS)
tests_unit_net_test_conn_tls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_conn_tls_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_dial_SOURCES = tests/unit/net/test_dial.c $(NET_TEST_RIG)
tests_unit_net_test_dial_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_dial_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_listen_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_listen_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_names_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_names_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_socks_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_socks_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_tls_SOURCES = tests/unit/net/test_tls.c $(NET_TEST_CERTS)
tests_unit_net_test_tls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_tls_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_tls_server_SOURCES = tests/unit/net/test_tls_server.c $(NET_TEST_CERTS)
tests_unit_net_test_tls_server_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_tls_server_LDADD = $(NET_TEST_LIBS)

tests_unit_net_test_proxy_header_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_net_test_proxy_header_LDADD = $(NET_TEST_LIBS)
