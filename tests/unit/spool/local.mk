# tests of src/spool
SPOOL_TESTS = \
	tests/unit/spool/test_board \
	tests/unit/spool/test_crash \
	tests/unit/spool/test_disk \
	tests/unit/spool/test_envelope \
	tests/unit/spool/test_faults \
	tests/unit/spool/test_fuzz \
	tests/unit/spool/test_gather \
	tests/unit/spool/test_inspect \
	tests/unit/spool/test_last_reply \
	tests/unit/spool/test_outcome \
	tests/unit/spool/test_outcome_keep \
	tests/unit/spool/test_outcome_load \
	tests/unit/spool/test_reader \
	tests/unit/spool/test_record \
	tests/unit/spool/test_recycle \
	tests/unit/spool/test_spool \
	tests/unit/spool/test_recovery \
	tests/unit/spool/test_tail \
	tests/unit/spool/test_writer

check_PROGRAMS += $(SPOOL_TESTS)
TESTS += $(SPOOL_TESTS)

SPOOL_RIG = tests/unit/spool/librig.a
check_LIBRARIES = $(SPOOL_RIG)
tests_unit_spool_librig_a_SOURCES = \
	tests/unit/spool/rig.c tests/unit/spool/rig.h tests/unit/spool/rig_disk.c \
	tests/unit/spool/rig_power.c tests/unit/spool/rig_sample.c tests/unit/spool/rig_sample.h \
	tests/unit/spool/rig_series.c tests/unit/spool/rig_series.h
tests_unit_spool_librig_a_CPPFLAGS = $(UNIT_CPPFLAGS)
SPOOL_LIBS = $(SPOOL_RIG) libspool.a libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)

tests_unit_spool_test_board_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_board_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_disk_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_disk_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_envelope_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_envelope_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_record_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_record_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_spool_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_spool_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_recovery_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_recovery_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_tail_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_tail_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_writer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_writer_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_faults_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_faults_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_fuzz_SOURCES = \
	tests/unit/spool/test_fuzz.c tests/unit/spool/fuzz.c tests/unit/spool/fuzz.h
tests_unit_spool_test_fuzz_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_fuzz_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_gather_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_gather_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_last_reply_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_last_reply_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_outcome_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_outcome_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_outcome_load_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_outcome_load_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_outcome_keep_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_outcome_keep_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_crash_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_crash_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_reader_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_reader_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_recycle_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_recycle_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_inspect_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_spool_test_inspect_LDADD = $(SPOOL_LIBS)
tests_unit_spool_test_inspect_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
