noinst_LIBRARIES += libcontrol.a
libcontrol_a_SOURCES = \
	src/control/control.h
