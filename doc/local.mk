# doc: pages for people.

dist_doc_DATA += \
	doc/reload.md \
	doc/plugins.md \
	doc/stats.md
