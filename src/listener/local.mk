noinst_LIBRARIES += liblistener.a
liblistener_a_SOURCES = \
	src/listener/listener.h
