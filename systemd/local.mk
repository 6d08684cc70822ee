# systemd: units, and the user and directories they need.
EXTRA_DIST += systemd/postern.service.in systemd/postern.socket systemd/sysusers.conf systemd/tmpfiles.conf

if INSTALL_UNITS
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
nodist_systemdsystemunit_DATA = systemd/postern.service
dist_systemdsystemunit_DATA = systemd/postern.socket
CLEANFILES += systemd/postern.service

systemd/postern.service: $(srcdir)/systemd/postern.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && sed 's|@sbindir[@]|$(sbindir)|g; s|@sysconfdir[@]|$(sysconfdir)|g' \
	    $(srcdir)/systemd/postern.service.in >$@.tmp && mv $@.tmp $@

install-data-hook: install-system-conf
install-system-conf:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) '$(srcdir)/systemd/sysusers.conf' '$(DESTDIR)$(sysusersdir)/postern.conf'
	$(INSTALL_DATA) '$(srcdir)/systemd/tmpfiles.conf' '$(DESTDIR)$(tmpfilesdir)/postern.conf'

uninstall-hook: uninstall-system-conf
uninstall-system-conf:
	rm -f '$(DESTDIR)$(sysusersdir)/postern.conf' '$(DESTDIR)$(tmpfilesdir)/postern.conf'
endif
