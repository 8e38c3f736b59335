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
	cli/fetch.c \
	cli/fetch.h \
	cli/graphfile.c \
	cli/identity.c \
	cli/identity.h \
	cli/keyfile.c \
	cli/keyfile.h \
	cli/keygen.c \
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
	cli/set.c \
	cli/show.c \
	cli/dns.c \
	cli/dns.h \
	cli/socket.c \
	cli/socket.h \
	cli/stats.c \
	cli/version.c

bin_PROGRAMS += millrace
millrace_SOURCES = cli/main.c
millrace_LDADD = $(MR_LIBS_WHOLE) $(LIBS_NEEDED)
