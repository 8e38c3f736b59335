libstages_a_SOURCES += \
	stages/rx/rx.c
