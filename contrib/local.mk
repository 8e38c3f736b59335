# contrib: scripts to try and to check millrace, and benchmarks.

EXTRA_DIST += \
	contrib/bench/bench \
	contrib/bench/candidates.sh \
	contrib/bench/measures.sh \
	contrib/bench/plot.awk \
	contrib/bench/summary.jq \
	contrib/bench/table.awk \
	contrib/bench/tunnel \
	contrib/check.sh \
	contrib/demo.sh \
	contrib/lib.sh \
	contrib/sample-plugin/Makefile \
	contrib/sample-plugin/count.c

noinst_PROGRAMS += \
	contrib/bench/aead \
	contrib/bench/ring
contrib_bench_aead_LDADD = $(MR_LIBS) $(LIBS_NEEDED)
contrib_bench_ring_LDADD = $(MR_LIBS) $(LIBS_NEEDED)

# Only `make bench` and contrib/bench/bench build these.
EXTRA_PROGRAMS += \
	contrib/bench/ceiling \
	contrib/bench/stage
contrib_bench_stage_SOURCES = contrib/bench/stage.c t/fuzz/checks.c
contrib_bench_stage_LDADD = t/lib/librig.a $(MR_LIBS) $(LIBS_NEEDED)
if IPSEC_MB
contrib_bench_ceiling_CPPFLAGS = $(AM_CPPFLAGS) -DCEILING_IPSEC_MB
contrib_bench_ceiling_LDADD = $(IPSEC_MB_LIBS)
else
contrib_bench_ceiling_LDADD = $(LIBCRYPTO_LIBS)
endif
CLEANFILES += $(EXTRA_PROGRAMS)
