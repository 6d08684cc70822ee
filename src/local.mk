# The programs: mains that read as a table of contents.

# Convenience libraries in the order in which they use each other, for the linker.
CONTROL_LIBS = libcontrol.a libconfig.a libsmtp.a libbase.a

bin_PROGRAMS += posternctl postern-sendmail
posternctl_SOURCES = src/posternctl.c
posternctl_LDADD = $(CONTROL_LIBS) $(CONFUSE_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS)
postern_sendmail_SOURCES = src/sendmail.c
postern_sendmail_LDADD = libsendmail.a $(CONTROL_LIBS) $(CONFUSE_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS)
