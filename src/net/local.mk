noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = \
	src/net/conn.h \
	src/net/dial.h \
	src/net/listen.h \
	src/net/tls.h
