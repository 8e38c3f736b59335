libstages_a_SOURCES += \
	stages/rx/rx.c \
	stages/rx/rx.h \
	stages/rx/train.c
EXTRA_DIST += stages/rx/rx.md
