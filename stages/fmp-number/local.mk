libstages_a_SOURCES += \
	stages/fmp-number/fmp-number.c
nobase_dist_doc_DATA += stages/fmp-number/fmp-number.md
