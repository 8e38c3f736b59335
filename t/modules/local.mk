# t/modules: loadable modules for tests.

# Tiny modules for t/core/test_plugins.c, from one source.
check_PROGRAMS += \
	t/modules/bare.so \
	t/modules/crooked.so \
	t/modules/empty.so \
	t/modules/good.so \
	t/modules/half.so \
	t/modules/known-aead.so \
	t/modules/known-kind.so \
	t/modules/loose.so \
	t/modules/nameless.so \
	t/modules/old.so \
	t/modules/twin.so
t_modules_good_so_SOURCES = t/modules/module.c
t_modules_good_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=GOOD
t_modules_good_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_good_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_good_so_LDADD =
t_modules_twin_so_SOURCES = t/modules/module.c
t_modules_twin_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=TWIN
t_modules_twin_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_twin_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_twin_so_LDADD =
t_modules_old_so_SOURCES = t/modules/module.c
t_modules_old_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=OLD
t_modules_old_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_old_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_old_so_LDADD =
t_modules_loose_so_SOURCES = t/modules/module.c
t_modules_loose_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=LOOSE
t_modules_loose_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_loose_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_loose_so_LDADD =
t_modules_bare_so_SOURCES = t/modules/module.c
t_modules_bare_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=BARE
t_modules_bare_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_bare_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_bare_so_LDADD =
t_modules_empty_so_SOURCES = t/modules/module.c
t_modules_empty_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=EMPTY
t_modules_empty_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_empty_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_empty_so_LDADD =
t_modules_nameless_so_SOURCES = t/modules/module.c
t_modules_nameless_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=NAMELESS
t_modules_nameless_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_nameless_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_nameless_so_LDADD =
t_modules_crooked_so_SOURCES = t/modules/module.c
t_modules_crooked_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=CROOKED
t_modules_crooked_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_crooked_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_crooked_so_LDADD =
t_modules_known_kind_so_SOURCES = t/modules/module.c
t_modules_known_kind_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=KNOWN_KIND
t_modules_known_kind_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_known_kind_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_known_kind_so_LDADD =
t_modules_known_aead_so_SOURCES = t/modules/module.c
t_modules_known_aead_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=KNOWN_AEAD
t_modules_known_aead_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_known_aead_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_known_aead_so_LDADD =
t_modules_half_so_SOURCES = t/modules/module.c
t_modules_half_so_CPPFLAGS = $(AM_CPPFLAGS) -DCASE=HALF
t_modules_half_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_half_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_half_so_LDADD =

# A stage that hangs, for t/cli/test_alive.
check_PROGRAMS += t/modules/stall/stall.so
t_modules_stall_stall_so_SOURCES = t/modules/stall.c
t_modules_stall_stall_so_CFLAGS = $(CFLAGS_MODULE)
t_modules_stall_stall_so_LDFLAGS = $(LDFLAGS_MODULE)
t_modules_stall_stall_so_LDADD =
