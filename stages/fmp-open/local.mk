libstages_a_SOURCES += \
	stages/fmp-open/fmp-open.c
