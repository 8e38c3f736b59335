# t/net: whole programs in network namespaces.

# Scripts in network namespaces; they end with 77 where the machine lends none.
net_tests = \
	t/net/bench.sh \
	t/net/abuse.sh \
	t/net/away.sh \
	t/net/chain.sh \
	t/net/connected.sh \
	t/net/ethernet.sh \
	t/net/control.sh \
	t/net/documents.sh \
	t/net/flood.sh \
	t/net/hostile.sh \
	t/net/mesh.sh \
	t/net/page.sh \
	t/net/names.sh \
	t/net/offloads.sh \
	t/net/impair.sh \
	t/net/tcp.sh \
	t/net/udp.sh \
	t/net/sample_plugin.sh \
	t/net/tap.sh \
	t/net/relay.sh \
	t/net/privileges.sh \
	t/net/readme.sh \
	t/net/rekey.sh \
	t/net/reload.sh \
	t/net/service.sh \
	t/net/spread.sh \
	t/net/trace.sh \
	t/net/lookup.sh \
	t/net/transit.sh \
	t/net/via.sh
TESTS += $(net_tests)
EXTRA_DIST += $(net_tests)
EXTRA_DIST += \
	t/net/browse.py \
	t/net/restart.sh \
	t/net/table.sh \
	t/net/wire.sh

# The table graphs x threads: each cell is a test, an empty file whose name says what table.sh runs.
TEST_EXTENSIONS = .cell
CELL_LOG_COMPILER = $(SHELL) $(top_srcdir)/t/net/table.sh
cells = \
	t/net/dealt-1.cell t/net/dealt-2.cell t/net/dealt-3.cell t/net/dealt-4.cell \
	t/net/fused-1.cell t/net/fused-2.cell t/net/fused-3.cell t/net/fused-4.cell \
	t/net/grouped-1.cell t/net/grouped-2.cell t/net/grouped-3.cell t/net/grouped-4.cell \
	t/net/staged-1.cell t/net/staged-2.cell t/net/staged-3.cell t/net/staged-4.cell \
	t/net/tap-1.cell t/net/tap-2.cell t/net/tap-3.cell t/net/tap-4.cell \
	t/net/two-core-1.cell t/net/two-core-2.cell t/net/two-core-3.cell t/net/two-core-4.cell
TESTS += $(cells)
CLEANFILES += $(cells)
$(cells):
	@$(MKDIR_P) $(@D) && : >$@
check_PROGRAMS += \
	t/net/abuse \
	t/net/capture \
	t/net/hostile \
	t/net/numbered \
	t/net/raw \
	t/net/refuse \
	t/net/relay
t_net_numbered_SOURCES = \
	t/net/numbered.c \
	t/net/numbered.h \
	t/net/numbered_report.c
t_net_relay_SOURCES = \
	t/net/relay.c \
	t/net/relay.h \
	t/net/relay_setup.c
