libstages_a_SOURCES += \
	stages/tx-gso/full.c \
	stages/tx-gso/gather.c \
	stages/tx-gso/tx-gso.c \
	stages/tx-gso/tx.h
nobase_dist_doc_DATA += stages/tx-gso/tx-gso.md
