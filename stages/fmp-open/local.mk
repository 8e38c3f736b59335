libstages_a_SOURCES += \
	stages/fmp-open/fmp-open.c
nobase_dist_doc_DATA += stages/fmp-open/fmp-open.md
