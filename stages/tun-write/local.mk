libstages_a_SOURCES += \
	stages/tun-write/tun-write.c
