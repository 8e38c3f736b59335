libstages_a_SOURCES += \
	stages/ethernet/ethernet.c \
	stages/ethernet/ethernet.h \
	stages/ethernet/hear.c \
	stages/ethernet/say.c
nobase_dist_doc_DATA += stages/ethernet/ethernet.md
