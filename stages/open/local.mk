libstages_a_SOURCES += \
	stages/open/open.c
nobase_dist_doc_DATA += stages/open/open.md
