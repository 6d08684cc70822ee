# Unit tests: one program for each module, named after it: src/smtp/address.c <-> tests/unit/smtp/test_address.c.
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(CHECK_CFLAGS)
EXTRA_DIST += tests/unit/address.h tests/unit/tree.h tests/unit/unit.h

include tests/unit/base/local.mk
include tests/unit/smtp/local.mk
include tests/unit/config/local.mk
include tests/unit/net/local.mk
include tests/unit/spool/local.mk
include tests/unit/queue/local.mk
include tests/unit/listener/local.mk
include tests/unit/outbound/local.mk
include tests/unit/control/local.mk
include tests/unit/daemon/local.mk
include tests/unit/sendmail/local.mk
