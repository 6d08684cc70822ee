# The power fails: see test_power.c.
CRASH_POWER = tests/crash/power/test_power
check_PROGRAMS += $(CRASH_POWER)
TESTS += $(CRASH_POWER)
tests_crash_power_test_power_SOURCES = \
	tests/crash/power/image.c tests/crash/power/image.h \
	tests/crash/power/letters.c tests/crash/power/letters.h \
	tests/crash/power/play.c tests/crash/power/play.h \
	tests/crash/power/relay.c tests/crash/power/relay.h \
	tests/crash/power/sectors.c tests/crash/power/sectors.h \
	tests/crash/power/test_power.c \
	tests/crash/power/trace.c tests/crash/power/trace.h \
	tests/crash/power/verify.c tests/crash/power/verify.h
tests_crash_power_test_power_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_crash_power_test_power_LDADD = liboutbound.a libqueue.a libspool.a libconfig.a libsmtp.a libbase.a \
	$(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)
