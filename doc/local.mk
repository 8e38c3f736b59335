# doc: pages for people.

dist_doc_DATA += \
	doc/bench.md \
	doc/control-socket.md \
	doc/graphs.md \
	doc/reload.md \
	doc/plugins.md \
	doc/stats.md
