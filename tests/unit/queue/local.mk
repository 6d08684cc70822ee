# tests of src/queue
QUEUE_TESTS = \
	tests/unit/queue/test_bounce \
	tests/unit/queue/test_explain \
	tests/unit/queue/test_item \
	tests/unit/queue/test_lane \
	tests/unit/queue/test_original \
	tests/unit/queue/test_plan \
	tests/unit/queue/test_queue \
	tests/unit/queue/test_reasons \
	tests/unit/queue/test_retry \
	tests/unit/queue/test_slab
check_PROGRAMS += $(QUEUE_TESTS)
TESTS += $(QUEUE_TESTS)
QUEUE_TEST_LIBS = libqueue.a libsmtp.a libbase.a $(CHECK_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)
tests_unit_queue_test_bounce_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_bounce_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_explain_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_explain_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_item_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_item_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_lane_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_lane_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_original_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_original_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_plan_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_plan_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_queue_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_queue_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_reasons_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_reasons_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_retry_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_retry_LDADD = $(QUEUE_TEST_LIBS)
tests_unit_queue_test_slab_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_test_slab_LDADD = $(QUEUE_TEST_LIBS)
