libstages_a_SOURCES += \
	stages/open/open.c
EXTRA_DIST += stages/open/open.md
