libstages_a_SOURCES += \
	stages/tx-gso/tx-gso.c
