libstages_a_SOURCES += \
	stages/tun-write/tun-write.c
EXTRA_DIST += stages/tun-write/tun-write.md
