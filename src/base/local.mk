noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/base64.c src/base/base64.h \
	src/base/cidr.c src/base/cidr.h \
	src/base/clock.c src/base/clock.h \
	src/base/counters.h \
	src/base/crc32c.c src/base/crc32c.h \
	src/base/id.c src/base/id.h \
	src/base/log.c src/base/log.h \
	src/base/log_journal.c src/base/log_journal.h \
	src/base/log_limit.c src/base/log_limit.h \
	src/base/log_line.c src/base/log_line.h \
	src/base/parse.c src/base/parse.h \
	src/base/sizes.c src/base/sizes.h \
	src/base/sockaddr.c src/base/sockaddr.h \
	src/base/str.c src/base/str.h \
	src/base/thread.c src/base/thread.h \
	src/base/utf8.c src/base/utf8.h \
	src/base/xalloc.c src/base/xalloc.h
