# etc: the config file of an installation is the admin's: it is installed once and never overwritten,
# and uninstalling takes it away only as it came.
posternconfdir = $(sysconfdir)/postern
EXTRA_DIST += etc/postern.conf

install-data-local: install-conf
install-conf:
	$(MKDIR_P) '$(DESTDIR)$(posternconfdir)'
	test -e '$(DESTDIR)$(posternconfdir)/postern.conf' || \
	    $(INSTALL_DATA) '$(srcdir)/etc/postern.conf' '$(DESTDIR)$(posternconfdir)/postern.conf'

uninstall-local: uninstall-conf
uninstall-conf:
	if cmp -s '$(srcdir)/etc/postern.conf' '$(DESTDIR)$(posternconfdir)/postern.conf'; then \
	    rm -f '$(DESTDIR)$(posternconfdir)/postern.conf'; fi
