# doc: pages for people.

dist_doc_DATA += \
	doc/reload.md \
	doc/stats.md
