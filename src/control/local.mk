noinst_LIBRARIES += libcontrol.a
libcontrol_a_SOURCES = \
	src/control/answer.c src/control/answer.h \
	src/control/command.c src/control/command.h \
	src/control/client.c src/control/client.h \
	src/control/control.c src/control/control.h \
	src/control/listing.c src/control/listing.h \
	src/control/order.c src/control/order.h \
	src/control/present.c src/control/present.h \
	src/control/render.c src/control/render.h src/control/render_internal.h \
	src/control/render_status.c src/control/render_value.c \
	src/control/selection.c src/control/selection.h \
	src/control/status.c src/control/status.h \
	src/control/walk.c src/control/walk.h
