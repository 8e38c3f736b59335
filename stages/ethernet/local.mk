libstages_a_SOURCES += \
	stages/ethernet/ethernet.c \
	stages/ethernet/ethernet.h \
	stages/ethernet/hear.c \
	stages/ethernet/say.c
EXTRA_DIST += stages/ethernet/ethernet.md
