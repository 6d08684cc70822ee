noinst_LIBRARIES += libconfig.a
libconfig_a_SOURCES = src/config/config.c src/config/config.h src/config/secret.h \
	src/config/build.c src/config/build.h src/config/complete.c \
	src/config/check.c src/config/check.h src/config/check_client.c src/config/check_listen.c \
	src/config/check_relay.c src/config/check_route.c src/config/check_upstream.c \
	src/config/check_tls.c src/config/certificate.c src/config/certificate.h \
	src/config/ciphers.c src/config/ciphers.h src/config/pin.c src/config/pin.h \
	src/config/trust.c src/config/trust.h \
	src/config/grammar.c src/config/grammar.h src/config/hostname.c src/config/hostname.h \
	src/config/key.c src/config/key.h src/config/kind.c src/config/quantity.c \
	src/config/list.c src/config/list.h src/config/nearest.c src/config/path.c src/config/path.h src/config/raw.c src/config/raw.h \
	src/config/report.c src/config/report.h src/config/saslprep.c src/config/saslprep.h src/config/scram_key.c src/config/scram_key.h \
	src/config/secret.c \
	src/config/secret_command.c src/config/secret_command.h \
	src/config/secret_file.c src/config/secret_file.h src/config/text.c src/config/text.h \
	src/config/users.c src/config/users.h
