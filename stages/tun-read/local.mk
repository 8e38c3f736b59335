libstages_a_SOURCES += \
	stages/tun-read/tun-read.c
EXTRA_DIST += stages/tun-read/tun-read.md
