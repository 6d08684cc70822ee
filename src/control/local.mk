noinst_LIBRARIES += libcontrol.a
libcontrol_a_SOURCES = \
	src/control/client.c src/control/client.h \
	src/control/control.c src/control/control.h \
	src/control/listing.c src/control/listing.h \
	src/control/present.c src/control/present.h \
	src/control/render.c src/control/render.h \
	src/control/status.c src/control/status.h
