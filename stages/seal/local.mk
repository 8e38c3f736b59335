libstages_a_SOURCES += \
	stages/seal/seal.c
EXTRA_DIST += stages/seal/seal.md
