# cli: the millrace program, one file a subcommand; all but main is a library, for the tests.

noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	cli/aead.c \
	cli/aead.h \
	cli/alive.c \
	cli/alive.h \
	cli/args.c \
	cli/args.h \
	cli/check.c \
	cli/cli.h \
	cli/complete.c \
	cli/config_page.c \
	cli/config_page.h \
	cli/connect.c \
	cli/control.c \
	cli/control.h \
	cli/doctor.c \
	cli/doctor.h \
	cli/doctor_kernel.c \
	cli/doctor_look.c \
	cli/doctor_machine.c \
	cli/doctor_network.c \
	cli/doctor_rights.c \
	cli/doctor_wish.c \
	cli/fetch.c \
	cli/fetch.h \
	cli/graph.c \
	cli/fit.c \
	cli/graphfile.c \
	cli/identity.c \
	cli/identity.h \
	cli/keyfile.c \
	cli/keyfile.h \
	cli/keygen.c \
	cli/kinds.c \
	cli/lookout.c \
	cli/lookout.h \
	cli/nodefile.c \
	cli/nodefile.h \
	cli/nodekeys.c \
	cli/page/files.h \
	cli/pages.c \
	cli/pages.h \
	cli/planned.c \
	cli/planned.h \
	cli/plugins.c \
	cli/privileges.c \
	cli/privileges.h \
	cli/probe.c \
	cli/pubkey.c \
	cli/reconfigure.c \
	cli/reload.c \
	cli/run.c \
	cli/run.h \
	cli/run_log.c \
	cli/sample.c \
	cli/sample.h \
	cli/schema.c \
	cli/set.c \
	cli/sheet.c \
	cli/sheet.h \
	cli/show.c \
	cli/dns.c \
	cli/dns.h \
	cli/drawing.c \
	cli/drawing.h \
	cli/drawing_parts.h \
	cli/drawing_plan.c \
	cli/socket.c \
	cli/socket.h \
	cli/stats.c \
	cli/terminal.c \
	cli/terminal.h \
	cli/top.c \
	cli/top.h \
	cli/top_draw.c \
	cli/top_stages.c \
	cli/trace.c \
	cli/units.c \
	cli/units.h \
	cli/version.c \
	cli/watch.c \
	cli/watch.h \
	cli/where.c \
	cli/where.h

# The live page, as bytes.
page_js = \
	$(srcdir)/cli/page/words.js \
	$(srcdir)/cli/page/reading.js \
	$(srcdir)/cli/page/layout.js \
	$(srcdir)/cli/page/draw.js \
	$(srcdir)/cli/page/findings.js \
	$(srcdir)/cli/page/detail.js \
	$(srcdir)/cli/page/panels.js \
	$(srcdir)/cli/page/main.js
page_files = $(srcdir)/cli/page/page.html $(srcdir)/cli/page/page.css $(page_js)
EXTRA_DIST += $(page_files) cli/page/embed.sh
nodist_libcli_a_SOURCES = cli/page/files.c
CLEANFILES += cli/page/files.c

cli/page/files.c: $(page_files) $(srcdir)/cli/page/embed.sh
	$(AM_V_GEN)$(MKDIR_P) cli/page && { echo '#include "cli/page/files.h"' && \
	$(SHELL) $(srcdir)/cli/page/embed.sh html $(srcdir)/cli/page/page.html && \
	$(SHELL) $(srcdir)/cli/page/embed.sh css $(srcdir)/cli/page/page.css && \
	$(SHELL) $(srcdir)/cli/page/embed.sh js $(page_js); } >$@.new && mv $@.new $@

bin_PROGRAMS += millrace
millrace_SOURCES = cli/main.c
millrace_LDADD = $(MR_LIBS_WHOLE) $(LIBS_NEEDED)
