libstages_a_SOURCES += \
	stages/tx-gso/tx-gso.c
EXTRA_DIST += stages/tx-gso/tx-gso.md
