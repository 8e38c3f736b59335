libstages_a_SOURCES += \
	stages/fsp-number/fsp-number.c
nobase_dist_doc_DATA += stages/fsp-number/fsp-number.md
