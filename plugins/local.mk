# plugins: AEAD providers.  mbedTLS is always in; the others are when configure finds them.

libplugins_a_SOURCES = \
	plugins/list.c \
	plugins/mbedtls/aead.c

if LIBCRYPTO
libplugins_a_SOURCES += \
	plugins/libcrypto/aead.c
endif

if IPSEC_MB
libplugins_a_SOURCES += \
	plugins/ipsec-mb/aead.c
endif

EXTRA_DIST += \
	plugins/ipsec-mb/README.md \
	plugins/libcrypto/README.md \
	plugins/mbedtls/README.md
