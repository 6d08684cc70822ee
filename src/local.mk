# The programs: mains that read as a table of contents.

# Convenience libraries in the order in which they use each other, for the linker.
CONTROL_LIBS = libcontrol.a libconfig.a libsmtp.a libbase.a
DAEMON_LIBS = libdaemon.a libcontrol.a liboutbound.a liblistener.a libqueue.a libspool.a libnet.a \
	libconfig.a libsmtp.a libbase.a

sbin_PROGRAMS += posternd
posternd_SOURCES = src/posternd.c
posternd_LDADD = $(DAEMON_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(CONFUSE_LIBS) $(GSASL_LIBS) \
	$(JANSSON_LIBS) $(SECCOMP_LIBS) $(CRYPT_LIBS) $(IDN2_LIBS)

bin_PROGRAMS += posternctl postern-sendmail
posternctl_SOURCES = src/posternctl.c src/ctl/arguments.c src/ctl/arguments.h src/ctl/call.c \
	src/ctl/call.h src/ctl/commands.h src/ctl/look.c src/ctl/passwd.c src/ctl/passwd.h src/ctl/relay.c src/ctl/relay.h \
	src/ctl/relay_attempt.c src/ctl/relay_attempt.h src/ctl/spool.c src/ctl/spool.h \
	src/ctl/spool_check.c src/ctl/spool_export.c src/ctl/steer.c src/ctl/stock.c src/ctl/stock.h
posternctl_LDADD = libsendmail.a liblistener.a liboutbound.a libcontrol.a libqueue.a libspool.a $(CONTROL_LIBS) $(CONFUSE_LIBS) $(CRYPT_LIBS) $(CURL_LIBS) \
	$(EVENT_LIBS) $(GSASL_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS)
postern_sendmail_SOURCES = src/sendmail.c
postern_sendmail_LDADD = libsendmail.a $(CONTROL_LIBS) $(CONFUSE_LIBS) $(CRYPT_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS)
