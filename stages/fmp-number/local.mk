libstages_a_SOURCES += \
	stages/fmp-number/fmp-number.c
EXTRA_DIST += stages/fmp-number/fmp-number.md
