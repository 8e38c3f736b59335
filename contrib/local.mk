# contrib: scripts to try and to check millrace, and benchmarks.

EXTRA_DIST += \
	contrib/bench/bench \
	contrib/bench/candidates.sh \
	contrib/bench/measures.sh \
	contrib/bench/mesh \
	contrib/bench/plot.awk \
	contrib/bench/quota.sh \
	contrib/bench/report.sh \
	contrib/bench/summary.jq \
	contrib/bench/table.awk \
	contrib/bench/transit \
	contrib/bench/tunnel \
	contrib/check.sh \
	contrib/completions/millrace.bash \
	contrib/coverage.sh \
	contrib/cppcheck.cfg \
	contrib/cppcheck.txt \
	contrib/demo.sh \
	contrib/lib.sh \
	contrib/lint.sh

# What pages send their readers to.
nobase_dist_doc_DATA += \
	contrib/grafana/README.md \
	contrib/grafana/alerts.yml \
	contrib/grafana/millrace.json \
	contrib/sample-plugin/Makefile \
	contrib/sample-plugin/count.c

noinst_PROGRAMS += \
	contrib/bench/aead \
	contrib/bench/ring
contrib_bench_aead_LDADD = $(MR_LIBS) $(LIBS_NEEDED)
contrib_bench_ring_LDADD = $(MR_LIBS) $(LIBS_NEEDED)

# These measure and are no part of what is installed.
check_PROGRAMS += \
	contrib/bench/ask \
	contrib/bench/ceiling \
	contrib/bench/deal \
	contrib/bench/flood \
	contrib/bench/stage
contrib_bench_deal_SOURCES = \
	contrib/bench/deal.c \
	contrib/bench/options.c \
	contrib/bench/options.h \
	t/fuzz/checks.c
contrib_bench_deal_LDADD = t/lib/librig.a $(MR_LIBS) $(LIBS_NEEDED)
contrib_bench_stage_SOURCES = \
	contrib/bench/options.c \
	contrib/bench/options.h \
	contrib/bench/stage.c \
	contrib/bench/stage.h \
	contrib/bench/stage_call.c \
	contrib/bench/stage_io.c \
	contrib/bench/stage_way.c \
	t/fuzz/checks.c
contrib_bench_stage_LDADD = t/lib/librig.a $(MR_LIBS) $(LIBS_NEEDED)
contrib_bench_flood_LDADD = libcore.a
contrib_bench_ceiling_SOURCES = \
	contrib/bench/ceiling.c \
	contrib/bench/ceiling.h \
	contrib/bench/ceiling_aead.c \
	contrib/bench/ceiling_tun.c
if IPSEC_MB
contrib_bench_ceiling_CPPFLAGS = $(AM_CPPFLAGS) -DCEILING_IPSEC_MB
contrib_bench_ceiling_LDADD = $(IPSEC_MB_LIBS)
else
contrib_bench_ceiling_LDADD = $(LIBCRYPTO_LIBS)
endif

# The short set, with what this tree has built.
bench: all
	BENCH_BUILD='$(abs_builddir)' $(SHELL) '$(top_srcdir)/contrib/bench/bench' short

# Where the shells look.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
dist_zshcomp_DATA = contrib/completions/_millrace
dist_fishcomp_DATA = contrib/completions/millrace.fish

# bash looks for a file of the command's name.
install-data-local: install-completion
install-completion:
	$(MKDIR_P) '$(DESTDIR)$(bashcompdir)'
	$(INSTALL_DATA) '$(srcdir)/contrib/completions/millrace.bash' '$(DESTDIR)$(bashcompdir)/millrace'
uninstall-local: uninstall-completion
uninstall-completion:
	rm -f '$(DESTDIR)$(bashcompdir)/millrace'

# ---- systemd: a service, who it runs as, and the folder of its node file ----------------------
confdir = $(sysconfdir)/millrace
EXTRA_DIST += \
	contrib/systemd/millrace.service.in \
	contrib/systemd/sysusers.conf.in \
	contrib/systemd/tmpfiles.conf.in
if HAVE_SYSTEMDSYSTEMUNITDIR
nodist_systemdsystemunit_DATA = contrib/systemd/millrace.service
endif
if HAVE_SYSUSERSDIR
nodist_sysusers_DATA = contrib/systemd/sysusers.d/millrace.conf
endif
if HAVE_TMPFILESDIR
nodist_tmpfiles_DATA = contrib/systemd/tmpfiles.d/millrace.conf
endif
systemd_files = \
	contrib/systemd/millrace.service \
	contrib/systemd/sysusers.d/millrace.conf \
	contrib/systemd/tmpfiles.d/millrace.conf
check_DATA = $(systemd_files)
CLEANFILES += $(systemd_files)

fill_in = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's|@bindir[@]|$(bindir)|g' \
	-e 's|@confdir[@]|$(confdir)|g' -e 's|@docdir[@]|$(docdir)|g'
contrib/systemd/millrace.service: contrib/systemd/millrace.service.in Makefile
	$(fill_in) '$(srcdir)/contrib/systemd/millrace.service.in' >$@
contrib/systemd/sysusers.d/millrace.conf: contrib/systemd/sysusers.conf.in Makefile
	$(fill_in) '$(srcdir)/contrib/systemd/sysusers.conf.in' >$@
contrib/systemd/tmpfiles.d/millrace.conf: contrib/systemd/tmpfiles.conf.in Makefile
	$(fill_in) '$(srcdir)/contrib/systemd/tmpfiles.conf.in' >$@
