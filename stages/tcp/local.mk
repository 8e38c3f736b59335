libstages_a_SOURCES += \
	stages/tcp/calls.c \
	stages/tcp/pool.c \
	stages/tcp/receive.c \
	stages/tcp/send.c \
	stages/tcp/tcp.c \
	stages/tcp/tcp.h
nobase_dist_doc_DATA += stages/tcp/tcp.md
