libstages_a_SOURCES += \
	stages/fsp-open/fsp-open.c
EXTRA_DIST += stages/fsp-open/fsp-open.md
