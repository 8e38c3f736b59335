libstages_a_SOURCES += \
	stages/tun-write/merge.c \
	stages/tun-write/merge.h \
	stages/tun-write/tun-write.c
nobase_dist_doc_DATA += stages/tun-write/tun-write.md
