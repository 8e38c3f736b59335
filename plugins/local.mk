# plugins: the AEAD provider that is built in, and loadable modules: plugins/<name>.so from the folder
# plugins/<name>.

# What modules of others are compiled with: core/plugin.h and all it needs, what AEAD providers share, and the
# words, tables and addresses that stages of this mesh know.  A test compares this list with what the program
# exports.
nobase_pkginclude_HEADERS = \
	core/aead.h \
	core/aead_op.h \
	core/clock.h \
	core/counter.h \
	core/err.h \
	core/field.h \
	core/hash.h \
	core/pkt.h \
	core/plugin.h \
	core/pool.h \
	core/rand.h \
	core/secret.h \
	core/stage.h \
	core/table.h \
	core/wire.h \
	fips/noise/address.h \
	fips/noise/bech32.h \
	fips/noise/curve.h \
	fips/noise/identity.h \
	fips/noise/ik.h \
	fips/noise/symmetric.h \
	fips/noise/xk.h \
	fips/path/bucket.h \
	fips/path/entry.h \
	fips/path/key.h \
	fips/path/link_recv.h \
	fips/path/received.h \
	fips/path/session_recv.h \
	fips/path/via.h \
	fips/path/window.h \
	fips/wire/coords.h \
	fips/wire/fsp.h \
	fips/wire/link.h \
	fips/wire/report.h \
	stages/lib/mesh.h \
	stages/lib/words.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = millrace-plugin.pc
EXTRA_DIST += millrace-plugin.pc.in
CLEANFILES += millrace-plugin.pc

millrace-plugin.pc: $(srcdir)/millrace-plugin.pc.in $(srcdir)/core/stage.h Makefile
	$(AM_V_GEN)abi=`$(AWK) '/define MR_ABI / { print $$3 }' $(srcdir)/core/stage.h` && \
	$(SED) -e 's|@prefix[@]|$(prefix)|' -e 's|@exec_prefix[@]|$(exec_prefix)|' -e 's|@libdir[@]|$(libdir)|' \
		-e 's|@includedir[@]|$(includedir)|' -e 's|@plugindir[@]|$(plugindir)|' -e 's|@graphsdir[@]|$(graphsdir)|' \
		-e "s|@MR_ABI[@]|$$abi|" \
		-e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|' $(srcdir)/millrace-plugin.pc.in >$@.new && mv $@.new $@


libcore_a_SOURCES += plugins/mbedtls/aead.c

if LIBCRYPTO
plugin_PROGRAMS += plugins/libcrypto.so
endif
plugins_libcrypto_so_SOURCES = plugins/libcrypto/aead.c
plugins_libcrypto_so_CFLAGS = $(CFLAGS_MODULE)
# OpenSSL calls its memory functions, which are the module's, until the process ends.
plugins_libcrypto_so_LDFLAGS = $(LDFLAGS_MODULE) -Wl,-z,nodelete
plugins_libcrypto_so_LDADD = $(LIBCRYPTO_LIBS)

if IPSEC_MB
plugin_PROGRAMS += plugins/ipsec-mb.so
endif
plugins_ipsec_mb_so_SOURCES = plugins/ipsec-mb/aead.c
plugins_ipsec_mb_so_CFLAGS = $(CFLAGS_MODULE)
plugins_ipsec_mb_so_LDFLAGS = $(LDFLAGS_MODULE)
plugins_ipsec_mb_so_LDADD = $(IPSEC_MB_LIBS)

# Each instruction set is compiled with its own flags, and so is a library of its own; tests link with them too.
if LANES
plugin_PROGRAMS += plugins/lanes.so
noinst_LIBRARIES += plugins/lanes/libavx2.a plugins/lanes/libavx512.a plugins/lanes/libengine.a
endif
plugins_lanes_libengine_a_SOURCES = \
	plugins/lanes/engine.c \
	plugins/lanes/lanes.h \
	plugins/lanes/plain.c
plugins_lanes_libengine_a_CFLAGS = $(CFLAGS_MODULE)
plugins_lanes_libavx2_a_SOURCES = \
	plugins/lanes/avx2.c \
	plugins/lanes/avx2.h \
	plugins/lanes/avx2_chacha.c \
	plugins/lanes/avx2_side.c
plugins_lanes_libavx2_a_CFLAGS = $(CFLAGS_MODULE) -mavx2
plugins_lanes_libavx512_a_SOURCES = \
	plugins/lanes/avx512.c \
	plugins/lanes/avx512.h \
	plugins/lanes/avx512_chacha.c \
	plugins/lanes/avx512_one.c \
	plugins/lanes/avx512_side.c
plugins_lanes_libavx512_a_CFLAGS = $(CFLAGS_MODULE) $(CFLAGS_AVX512)
plugins_lanes_so_SOURCES = plugins/lanes/provider.c
plugins_lanes_so_CFLAGS = $(CFLAGS_MODULE)
plugins_lanes_so_LDFLAGS = $(LDFLAGS_MODULE)
LIBS_LANES = plugins/lanes/libavx2.a plugins/lanes/libavx512.a plugins/lanes/libengine.a
plugins_lanes_so_LDADD = $(LIBS_LANES)

nobase_dist_doc_DATA += \
	plugins/ipsec-mb/README.md \
	plugins/lanes/README.md \
	plugins/libcrypto/README.md \
	plugins/mbedtls/README.md

plugin_PROGRAMS += plugins/tap.so
plugins_tap_so_SOURCES = \
	plugins/tap/blocks.c \
	plugins/tap/blocks.h \
	plugins/tap/note.h \
	plugins/tap/pcapng.c \
	plugins/tap/tap.c \
	plugins/tap/tap.h
plugins_tap_so_CFLAGS = $(CFLAGS_MODULE)
plugins_tap_so_LDFLAGS = $(LDFLAGS_MODULE)
plugins_tap_so_LDADD =
nobase_dist_doc_DATA += \
	plugins/tap/pcapng.md \
	plugins/tap/tap.md

plugin_PROGRAMS += plugins/impair.so
plugins_impair_so_SOURCES = plugins/impair/impair.c
plugins_impair_so_CFLAGS = $(CFLAGS_MODULE)
plugins_impair_so_LDFLAGS = $(LDFLAGS_MODULE)
plugins_impair_so_LDADD =
nobase_dist_doc_DATA += plugins/impair/impair.md
