noinst_LIBRARIES += libqueue.a
libqueue_a_SOURCES = \
	src/queue/bounce.c src/queue/bounce.h \
	src/queue/explain.c src/queue/explain.h \
	src/queue/heap.c src/queue/heap.h \
	src/queue/index.c src/queue/index.h \
	src/queue/item.c src/queue/item.h \
	src/queue/lane.c src/queue/lane.h \
	src/queue/original.c src/queue/original.h \
	src/queue/plan.c src/queue/plan.h \
	src/queue/queue.c src/queue/queue.h \
	src/queue/reasons.c src/queue/reasons.h \
	src/queue/retry.c src/queue/retry.h \
	src/queue/slab.c src/queue/slab.h
