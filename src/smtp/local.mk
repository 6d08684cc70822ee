noinst_LIBRARIES += libsmtp.a
libsmtp_a_SOURCES = \
	src/smtp/address.c src/smtp/address.h \
	src/smtp/boundary.c src/smtp/boundary.h \
	src/smtp/capability.c src/smtp/capability.h \
	src/smtp/command.c src/smtp/command.h \
	src/smtp/domain.c src/smtp/domain.h \
	src/smtp/dot.c src/smtp/dot.h \
	src/smtp/dsn.c src/smtp/dsn.h \
	src/smtp/enhanced.c src/smtp/enhanced.h \
	src/smtp/extension.h \
	src/smtp/header.c src/smtp/header.h \
	src/smtp/idn.c src/smtp/idn.h \
	src/smtp/mime.c src/smtp/mime.h \
	src/smtp/mime_write.c \
	src/smtp/parameter.c src/smtp/parameter.h \
	src/smtp/pattern.c src/smtp/pattern.h \
	src/smtp/recode.c src/smtp/recode.h \
	src/smtp/reply.c src/smtp/reply.h \
	src/smtp/reply_format.c \
	src/smtp/status.h \
	src/smtp/transfer.c src/smtp/transfer.h \
	src/smtp/utf8.c src/smtp/utf8.h \
	src/smtp/verb.c src/smtp/verb.h \
	src/smtp/xtext.c src/smtp/xtext.h
