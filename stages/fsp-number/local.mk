libstages_a_SOURCES += \
	stages/fsp-number/fsp-number.c
EXTRA_DIST += stages/fsp-number/fsp-number.md
