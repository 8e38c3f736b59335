libstages_a_SOURCES += \
	stages/fsp-seal/fsp-seal.c
nobase_dist_doc_DATA += stages/fsp-seal/fsp-seal.md
