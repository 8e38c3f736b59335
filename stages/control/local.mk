libstages_a_SOURCES += \
	stages/control/access.c \
	stages/control/actions.c \
	stages/control/behind.c \
	stages/control/control.c \
	stages/control/control.h \
	stages/control/inputs.c \
	stages/control/kept.c \
	stages/control/links.c \
	stages/control/names.c \
	stages/control/orders.c \
	stages/control/peers.c \
	stages/control/peers.h \
	stages/control/program.c \
	stages/control/relations.c \
	stages/control/reload.c \
	stages/control/reports.c \
	stages/control/routes.c \
	stages/control/sessions.c \
	stages/control/settings.c \
	stages/control/sockets.c \
	stages/control/state.h \
	stages/control/tick.c
EXTRA_DIST += stages/control/control.md
