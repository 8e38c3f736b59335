libstages_a_SOURCES += \
	stages/tun-write/merge.c \
	stages/tun-write/merge.h \
	stages/tun-write/tun-write.c
EXTRA_DIST += stages/tun-write/tun-write.md
