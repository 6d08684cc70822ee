noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = \
	src/net/conn.c src/net/conn.h \
	src/net/conn_advance.c src/net/conn_private.h \
	src/net/conn_line.c \
	src/net/conn_linger.c \
	src/net/dial.c src/net/dial.h \
	src/net/listen.c src/net/listen.h \
	src/net/names.c src/net/names.h \
	src/net/proxy_header.c src/net/proxy_header.h \
	src/net/race.c src/net/race.h \
	src/net/resolver.c src/net/resolver.h \
	src/net/socks.c src/net/socks.h \
	src/net/tunnel.c src/net/tunnel.h \
	src/net/tls.c src/net/tls.h \
	src/net/tls_explain.c src/net/tls_pin.c src/net/tls_private.h \
	src/net/tls_server.c src/net/tls_server.h \
	src/net/transport.c src/net/transport.h
