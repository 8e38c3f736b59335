libstages_a_SOURCES += \
	stages/fmp-seal/fmp-seal.c
EXTRA_DIST += stages/fmp-seal/fmp-seal.md
