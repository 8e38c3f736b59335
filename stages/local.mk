# stages: what the kinds share, and the table of kinds, made from kinds.list.

libstages_a_SOURCES = \
	stages/kinds.h \
	stages/lib/ether.c \
	stages/lib/ether.h \
	stages/lib/hostport.c \
	stages/lib/hostport.h \
	stages/lib/learn.c \
	stages/lib/learn.h \
	stages/lib/mesh.c \
	stages/lib/mesh.h \
	stages/lib/nudge.h \
	stages/lib/number_link.c \
	stages/lib/number_link.h \
	stages/lib/number_session.c \
	stages/lib/number_session.h \
	stages/lib/numberer.c \
	stages/lib/numberer.h \
	stages/lib/snapshot.h \
	stages/lib/sort.h \
	stages/lib/targets.h \
	stages/lib/tcp.c \
	stages/lib/tcp.h \
	stages/lib/tcp_pool.c \
	stages/lib/tcp_pool.h \
	stages/lib/transports.c \
	stages/lib/transports.h \
	stages/lib/tun.c \
	stages/lib/tun.h \
	stages/lib/udp.c \
	stages/lib/udp.h \
	stages/lib/udp_peer.c \
	stages/lib/udp_peer.h \
	stages/lib/words.h
EXTRA_DIST += stages/README.md
nodist_libstages_a_SOURCES = stages/list.c
EXTRA_DIST += stages/kinds.list stages/kinds.awk
CLEANFILES += stages/list.c

stages/list.c: $(srcdir)/stages/kinds.list $(srcdir)/stages/kinds.awk
	$(AM_V_GEN)$(MKDIR_P) stages && \
	cd $(srcdir) && $(AWK) -v out=c -f stages/kinds.awk stages/kinds.list >$(abs_builddir)/$@.new && \
	mv $(abs_builddir)/$@.new $(abs_builddir)/$@

$(srcdir)/stages/kinds.mk: $(srcdir)/stages/kinds.list $(srcdir)/stages/kinds.awk
	$(AM_V_GEN)cd $(srcdir) && $(AWK) -v out=mk -f stages/kinds.awk stages/kinds.list >stages/kinds.mk.new && \
	mv stages/kinds.mk.new stages/kinds.mk

include stages/kinds.mk
