libstages_a_SOURCES += \
	stages/tun-read/tun-read.c
