libstages_a_SOURCES += \
	stages/tun-read/layout.c \
	stages/tun-read/queues.c \
	stages/tun-read/split.c \
	stages/tun-read/split.h \
	stages/tun-read/tun-read.c \
	stages/tun-read/tun-read.h
nobase_dist_doc_DATA += stages/tun-read/tun-read.md
