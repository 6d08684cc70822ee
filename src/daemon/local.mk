noinst_LIBRARIES += libdaemon.a
libdaemon_a_SOURCES = \
	src/daemon/background.c src/daemon/background.h \
	src/daemon/backoff.c src/daemon/backoff.h \
	src/daemon/channel.c src/daemon/channel.h \
	src/daemon/generation.c src/daemon/generation.h \
	src/daemon/master.c src/daemon/master.h src/daemon/master_private.h \
	src/daemon/notify.c src/daemon/notify.h \
	src/daemon/options.c src/daemon/options.h \
	src/daemon/privileges.c src/daemon/privileges.h \
	src/daemon/process.c src/daemon/process.h \
	src/daemon/reload.c \
	src/daemon/report.c src/daemon/report.h \
	src/daemon/sandbox.c src/daemon/sandbox.h \
	src/daemon/sandbox_calls.c \
	src/daemon/sandbox_files.c \
	src/daemon/shared.c src/daemon/shared.h \
	src/daemon/sockets.c src/daemon/sockets.h \
	src/daemon/start.c \
	src/daemon/supervise.c \
	src/daemon/worker.c src/daemon/worker.h \
	src/daemon/worker_listener.c \
	src/daemon/worker_outbound.c
