libstages_a_SOURCES += \
	stages/tx-gso/full.c \
	stages/tx-gso/gather.c \
	stages/tx-gso/tx-gso.c \
	stages/tx-gso/tx.h
EXTRA_DIST += stages/tx-gso/tx-gso.md
