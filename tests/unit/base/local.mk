# tests of src/base
BASE_TESTS = \
	tests/unit/base/test_base64 \
	tests/unit/base/test_cidr \
	tests/unit/base/test_clock \
	tests/unit/base/test_counters \
	tests/unit/base/test_crc32c \
	tests/unit/base/test_id \
	tests/unit/base/test_log \
	tests/unit/base/test_log_journal \
	tests/unit/base/test_log_limit \
	tests/unit/base/test_log_line \
	tests/unit/base/test_parse \
	tests/unit/base/test_sizes \
	tests/unit/base/test_sockaddr \
	tests/unit/base/test_str \
	tests/unit/base/test_thread \
	tests/unit/base/test_utf8 \
	tests/unit/base/test_xalloc
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)

tests_unit_base_test_base64_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_base64_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_cidr_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_cidr_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_clock_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_clock_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_counters_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_counters_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_crc32c_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_crc32c_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_id_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_id_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_log_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_log_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_log_journal_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_log_journal_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_log_limit_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_log_limit_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_log_line_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_log_line_LDADD = libbase.a $(CHECK_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_parse_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_parse_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_sizes_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_sizes_LDADD = libbase.a $(CHECK_LIBS)
tests_unit_base_test_sockaddr_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_sockaddr_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_str_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_str_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_utf8_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_utf8_LDADD = libbase.a $(CHECK_LIBS)
tests_unit_base_test_xalloc_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_xalloc_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
tests_unit_base_test_thread_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_thread_LDADD = libbase.a $(CHECK_LIBS) $(OPENSSL_LIBS)
