# man: manual pages; the settings in them are made by doc/reference.sh, the commands by commands.sh.

dist_man_MANS = \
	man/millrace-graph.5 \
	man/millrace-plugin.3 \
	man/millrace.8 \
	man/millrace.json.5
EXTRA_DIST += man/commands.sh
