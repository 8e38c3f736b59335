libstages_a_SOURCES += \
	stages/rx/call.c \
	stages/rx/rx.c \
	stages/rx/rx.h \
	stages/rx/train.c \
	stages/rx/wait.c
nobase_dist_doc_DATA += stages/rx/rx.md
