# doc: pages for people.

nobase_dist_doc_DATA += \
	doc/architecture.md \
	doc/bench.md \
	doc/control-socket.md \
	doc/graphs.md \
	doc/histograms.md \
	doc/reload.md \
	doc/service.md \
	doc/writing-a-stage.md \
	doc/plugins.md \
	doc/stats.md \
	doc/trace.md

# The reference, made from the tables of settings; `make reference' writes it anew into the source tree.
nobase_dist_doc_DATA += \
	doc/reference/README.md \
	doc/reference/aead.md \
	doc/reference/capture.md \
	doc/reference/dns.md \
	doc/reference/graph.md \
	doc/reference/http.md \
	doc/reference/kinds.md \
	doc/reference/log.md \
	doc/reference/node.md \
	doc/reference/peers.md \
	doc/reference/transports.md \
	doc/reference/tun.md
EXTRA_DIST += doc/reference.sh

reference: all
	srcdir='$(abs_top_srcdir)' MILLRACE='$(abs_top_builddir)/millrace' $(SHELL) $(srcdir)/doc/reference.sh $(abs_top_srcdir)
