# man: the pages as they are installed name the folder that the programs were built for.
man_pages = postern-sendmail.8 postern.conf.5 posternctl.8 posternd.8
EXTRA_DIST += $(man_pages:%=man/%)
nodist_man_MANS = $(man_pages:%=man/installed/%)
CLEANFILES += $(nodist_man_MANS)

$(nodist_man_MANS): man/installed/%: $(srcdir)/man/% Makefile
	$(AM_V_GEN)$(MKDIR_P) man/installed && sed 's|/etc/postern|$(sysconfdir)/postern|g' $< >$@.tmp && mv $@.tmp $@
