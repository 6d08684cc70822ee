# The rig: postern-load is cheap enough that it is never the bottleneck; run.py compares relays with it.
noinst_PROGRAMS += postern-load
postern_load_SOURCES = \
	tests/bench/load.c tests/bench/load.h \
	tests/bench/load_client.c \
	tests/bench/load_content.c \
	tests/bench/load_stats.c tests/bench/load_stats.h \
	tests/bench/load_wire.c tests/bench/load_wire.h
postern_load_LDADD = libbase.a $(EVENT_LIBS) $(JANSSON_LIBS)
