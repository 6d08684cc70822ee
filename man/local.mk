# man
dist_man_MANS += man/posternctl.8 man/postern-sendmail.8
dist_man_MANS += man/postern.conf.5
dist_man_MANS += man/posternd.8
