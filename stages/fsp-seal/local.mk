libstages_a_SOURCES += \
	stages/fsp-seal/fsp-seal.c
