libstages_a_SOURCES += \
	stages/route/answer.c \
	stages/route/park.c \
	stages/route/route.c \
	stages/route/route.h \
	stages/route/transit.c
nobase_dist_doc_DATA += stages/route/route.md
