noinst_LIBRARIES += libconfig.a
libconfig_a_SOURCES = src/config/config.h src/config/secret.h
