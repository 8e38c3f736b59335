libstages_a_SOURCES += \
	stages/fsp-open/fsp-open.c
nobase_dist_doc_DATA += stages/fsp-open/fsp-open.md
