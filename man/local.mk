# man: manual pages; the settings in them are made by doc/reference.sh.

dist_man_MANS = \
	man/millrace-graph.5 \
	man/millrace.json.5
