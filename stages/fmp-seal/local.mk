libstages_a_SOURCES += \
	stages/fmp-seal/fmp-seal.c
nobase_dist_doc_DATA += stages/fmp-seal/fmp-seal.md
