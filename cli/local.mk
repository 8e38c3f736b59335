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
	cli/graphfile.c \
	cli/identity.c \
	cli/identity.h \
	cli/keyfile.c \
	cli/keyfile.h \
	cli/keygen.c \
	cli/kinds.c \
	cli/nodefile.c \
	cli/nodefile.h \
	cli/nodekeys.c \
	cli/pages.c \
	cli/pages.h \
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

bin_PROGRAMS += millrace
millrace_SOURCES = cli/main.c
millrace_LDADD = $(MR_LIBS_WHOLE) $(LIBS_NEEDED)
