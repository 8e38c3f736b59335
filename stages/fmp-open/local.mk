libstages_a_SOURCES += \
	stages/fmp-open/fmp-open.c
EXTRA_DIST += stages/fmp-open/fmp-open.md
