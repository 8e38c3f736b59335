libstages_a_SOURCES += \
	stages/fmp-seal/fmp-seal.c
