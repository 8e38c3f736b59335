libstages_a_SOURCES += \
	stages/seal/seal.c
nobase_dist_doc_DATA += stages/seal/seal.md
