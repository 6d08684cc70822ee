noinst_LIBRARIES += libqueue.a
libqueue_a_SOURCES = \
	src/queue/bounce.h \
	src/queue/queue.h \
	src/queue/retry.h
