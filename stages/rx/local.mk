libstages_a_SOURCES += \
	stages/rx/rx.c
EXTRA_DIST += stages/rx/rx.md
