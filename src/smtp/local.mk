noinst_LIBRARIES += libsmtp.a
libsmtp_a_SOURCES = \
	src/smtp/address.h \
	src/smtp/capability.h \
	src/smtp/command.h \
	src/smtp/dot.h \
	src/smtp/enhanced.h \
	src/smtp/extension.h \
	src/smtp/header.h \
	src/smtp/reply.h \
	src/smtp/status.h \
	src/smtp/verb.h \
	src/smtp/xtext.h
