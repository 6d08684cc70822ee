noinst_LIBRARIES += liboutbound.a
liboutbound_a_SOURCES = \
	src/outbound/auth.c src/outbound/auth.h src/outbound/auth_private.h \
	src/outbound/auth_choose.c src/outbound/auth_salt.c \
	src/outbound/classify.c src/outbound/classify.h \
	src/outbound/compact.c src/outbound/compact.h \
	src/outbound/convert.c src/outbound/convert.h \
	src/outbound/delivery.c src/outbound/delivery.h \
	src/outbound/demand.c src/outbound/demand.h \
	src/outbound/detour.c src/outbound/detour.h \
	src/outbound/drain.c \
	src/outbound/expect.c src/outbound/expect.h \
	src/outbound/feed.c src/outbound/feed.h \
	src/outbound/flight.c src/outbound/flight.h \
	src/outbound/forward.c src/outbound/forward.h \
	src/outbound/health.c src/outbound/health.h \
	src/outbound/hint.c src/outbound/hint.h \
	src/outbound/history.c src/outbound/history.h \
	src/outbound/ledger.c src/outbound/ledger.h src/outbound/ledger_internal.h \
	src/outbound/ledger_record.c src/outbound/ledger_report.c \
	src/outbound/operator.c \
	src/outbound/meter.c src/outbound/meter.h \
	src/outbound/outbound.c src/outbound/outbound.h src/outbound/outbound_internal.h \
	src/outbound/pace.c src/outbound/pace.h \
	src/outbound/parameters.c src/outbound/parameters.h \
	src/outbound/pattern.c src/outbound/pattern.h src/outbound/pattern_provider.c \
	src/outbound/ports.c src/outbound/ports.h \
	src/outbound/pump.c \
	src/outbound/report.c src/outbound/report.h \
	src/outbound/route.c src/outbound/route.h \
	src/outbound/segments.c src/outbound/segments.h \
	src/outbound/uplink.c src/outbound/uplink.h src/outbound/uplink_internal.h \
	src/outbound/uplink_state.c \
	src/outbound/answer.c src/outbound/pipeline.c src/outbound/prepare.c src/outbound/send.c \
	src/outbound/served.c src/outbound/served.h \
	src/outbound/settle.c src/outbound/setup.c \
	src/outbound/step.c src/outbound/step.h \
	src/outbound/sweep.c src/outbound/sweep.h \
	src/outbound/transaction.c src/outbound/transaction.h \
	src/outbound/trust.c src/outbound/trust.h \
	src/outbound/turn.c src/outbound/turn.h \
	src/outbound/upstream.c src/outbound/upstream.h src/outbound/upstream_internal.h \
	src/outbound/upstream_pool.c src/outbound/upstream_status.c src/outbound/upstream_throttle.c \
	src/outbound/width.c src/outbound/width.h \
	src/outbound/words.c src/outbound/words.h
