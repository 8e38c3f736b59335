libstages_a_SOURCES += \
	stages/rx/call.c \
	stages/rx/rx.c \
	stages/rx/rx.h \
	stages/rx/train.c \
	stages/rx/wait.c
EXTRA_DIST += stages/rx/rx.md
