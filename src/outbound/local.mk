noinst_LIBRARIES += liboutbound.a
liboutbound_a_SOURCES = \
	src/outbound/outbound.h
