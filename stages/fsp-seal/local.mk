libstages_a_SOURCES += \
	stages/fsp-seal/fsp-seal.c
EXTRA_DIST += stages/fsp-seal/fsp-seal.md
