# The rig: postern-load is cheap enough that it is never the bottleneck; run.py compares relays with it.
noinst_PROGRAMS += postern-load
postern_load_SOURCES = \
	tests/bench/load.c tests/bench/load.h \
	tests/bench/load_client.c \
	tests/bench/load_content.c \
	tests/bench/load_stats.c tests/bench/load_stats.h \
	tests/bench/load_wire.c tests/bench/load_wire.h
postern_load_LDADD = libbase.a $(EVENT_LIBS) $(JANSSON_LIBS)

# The limits: what the disk does alone, and a library that lets every sync succeed without the disk.
noinst_PROGRAMS += postern-append postern-nosync.so
postern_append_SOURCES = tests/bench/append.c
postern_append_LDADD = libbase.a
postern_nosync_so_SOURCES = tests/bench/nosync.c
postern_nosync_so_CFLAGS = $(AM_CFLAGS) -fPIC
postern_nosync_so_LDFLAGS = -shared

EXTRA_DIST += \
	tests/bench/README.md tests/bench/run.py tests/bench/scale.py tests/bench/test_rig.py \
	tests/bench/rig/__init__.py tests/bench/rig/cases.py tests/bench/rig/exim.py tests/bench/rig/machine.py tests/bench/rig/measure.py \
	tests/bench/rig/opensmtpd.py tests/bench/rig/postern.py tests/bench/rig/postfix.py tests/bench/rig/process.py \
	tests/bench/rig/relay.py tests/bench/rig/report.py tests/bench/rig/upstream.py \
	tests/bench/rig/unpacked.py tests/bench/rig/volume.py

CLEANFILES += bench.json

# As root: it needs a loop device, and Postfix does.
bench: all
	POSTERN_BUILD=. /usr/bin/python3 -B $(srcdir)/tests/bench/run.py $(BENCH_ARGS)
