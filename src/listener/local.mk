noinst_LIBRARIES += liblistener.a
liblistener_a_SOURCES = \
	src/listener/accept.c src/listener/accept.h \
	src/listener/arrivals.c src/listener/arrivals.h \
	src/listener/auth.c src/listener/auth.h src/listener/auth_private.h \
	src/listener/auth_plain.c src/listener/auth_scram.c \
	src/listener/bdat.c src/listener/bdat.h \
	src/listener/clients.c src/listener/clients.h \
	src/listener/data.c src/listener/data.h \
	src/listener/early.c src/listener/early.h \
	src/listener/ehlo.c \
	src/listener/gate.c src/listener/gate.h \
	src/listener/host.c src/listener/host.h \
	src/listener/listener.c src/listener/listener.h \
	src/listener/mail.c \
	src/listener/phase.c \
	src/listener/policy.c src/listener/policy.h \
	src/listener/rates.c src/listener/rates.h \
	src/listener/rcpt.c \
	src/listener/receive.c src/listener/receive.h \
	src/listener/refusal.c src/listener/refusal.h \
	src/listener/reply.c src/listener/reply.h \
	src/listener/session.c src/listener/session.h src/listener/session_private.h \
	src/listener/small.c \
	src/listener/space.c src/listener/space.h \
	src/listener/starttls.c \
	src/listener/trace.c src/listener/trace.h \
	src/listener/transaction.c src/listener/transaction.h \
	src/listener/verb.c src/listener/verb.h \
	src/listener/verifier.c src/listener/verifier.h
