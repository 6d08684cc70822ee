# The test provider: a program of its own, which shares no code with postern.
noinst_PROGRAMS += postern-provider
postern_provider_SOURCES = \
	tests/provider/auth.c \
	tests/provider/capture.c tests/provider/capture.h \
	tests/provider/certs.c tests/provider/certs.h \
	tests/provider/content.c tests/provider/content.h \
	tests/provider/control.c \
	tests/provider/envelope.c \
	tests/provider/eventlog.c tests/provider/eventlog.h \
	tests/provider/faults.c tests/provider/faults.h \
	tests/provider/leave.c \
	tests/provider/listener.c tests/provider/listener.h \
	tests/provider/main.c \
	tests/provider/misbehave.c \
	tests/provider/options.c tests/provider/options.h \
	tests/provider/output.c tests/provider/output.h \
	tests/provider/path.c tests/provider/path.h \
	tests/provider/receive.c \
	tests/provider/reply.c tests/provider/reply.h \
	tests/provider/rule.c tests/provider/rule.h \
	tests/provider/server.h \
	tests/provider/session.c tests/provider/session.h \
	tests/provider/stats.c tests/provider/stats.h \
	tests/provider/tls.c tests/provider/tls.h \
	tests/provider/verbs.c tests/provider/verbs.h
postern_provider_LDADD = $(EVENT_LIBS) $(OPENSSL_LIBS) $(JANSSON_LIBS)
EXTRA_DIST += tests/provider/README.md tests/e2e/provider.py tests/e2e/test_provider.py
