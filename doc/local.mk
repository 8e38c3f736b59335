# doc: pages for people.

dist_doc_DATA += \
	doc/stats.md
