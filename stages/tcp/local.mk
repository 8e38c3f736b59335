libstages_a_SOURCES += \
	stages/tcp/calls.c \
	stages/tcp/pool.c \
	stages/tcp/receive.c \
	stages/tcp/send.c \
	stages/tcp/tcp.c \
	stages/tcp/tcp.h
EXTRA_DIST += stages/tcp/tcp.md
