libstages_a_SOURCES += \
	stages/fsp-open/fsp-open.c
