# tests of src/spool
SPOOL_TESTS = \
	tests/unit/spool/test_writer
check_PROGRAMS += $(SPOOL_TESTS)
TESTS += $(SPOOL_TESTS)
check_LIBRARIES = $(SPOOL_RIG)
SPOOL_RIG = tests/unit/spool/librig.a
tests_unit_spool_librig_a_SOURCES = tests/unit/spool/rig.c tests/unit/spool/rig.h tests/unit/spool/rig_disk.c
tests_unit_spool_librig_a_CPPFLAGS = $(UNIT_CPPFLAGS)
SPOOL_LIBS = $(SPOOL_RIG) libspool.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)
tests_unit_spool_test_writer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_writer_LDADD = $(SPOOL_LIBS)
