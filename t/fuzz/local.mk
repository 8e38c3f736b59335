# t/fuzz: an entry a parser.

# Each parser's fuzz entry.  Built with libFuzzer by --enable-fuzzers (`make fuzz` runs them), else
# with a main that replays the stored inputs.
fuzz_programs = \
	t/fuzz/fuzz_access \
	t/fuzz/fuzz_aead \
	t/fuzz/fuzz_aead_vector \
	t/fuzz/fuzz_answer \
	t/fuzz/fuzz_control \
	t/fuzz/fuzz_coords \
	t/fuzz/fuzz_datagram \
	t/fuzz/fuzz_deliver \
	t/fuzz/fuzz_dns \
	t/fuzz/fuzz_filter \
	t/fuzz/fuzz_ether \
	t/fuzz/fuzz_fsp \
	t/fuzz/fuzz_graph \
	t/fuzz/fuzz_handshake_ik \
	t/fuzz/fuzz_handshake_xk \
	t/fuzz/fuzz_hostport \
	t/fuzz/fuzz_http \
	t/fuzz/fuzz_json_path \
	t/fuzz/fuzz_keytext \
	t/fuzz/fuzz_learn \
	t/fuzz/fuzz_link_frame \
	t/fuzz/fuzz_logtext \
	t/fuzz/fuzz_lookup \
	t/fuzz/fuzz_merge \
	t/fuzz/fuzz_nodefile \
	t/fuzz/fuzz_query \
	t/fuzz/fuzz_report \
	t/fuzz/fuzz_set \
	t/fuzz/fuzz_shim \
	t/fuzz/fuzz_signal \
	t/fuzz/fuzz_split \
	t/fuzz/fuzz_stage_fmp_open \
	t/fuzz/fuzz_stage_fsp_open \
	t/fuzz/fuzz_stages \
	t/fuzz/fuzz_stream \
	t/fuzz/fuzz_tcpmss \
	t/fuzz/fuzz_transit \
	t/fuzz/fuzz_tree \
	t/fuzz/fuzz_yaml
check_PROGRAMS += $(fuzz_programs)
EXTRA_DIST += t/fuzz/corpus t/fuzz/seed_stages.sh t/vectors
FUZZ_SECONDS = 60

LIBS_FUZZ = $(FUZZ_ENGINE) t/lib/librig.a t/fuzz/libfuzz.a $(MR_LIBS) $(LIBS_NEEDED)
check_LIBRARIES += t/fuzz/libfuzz.a
t_fuzz_libfuzz_a_SOURCES = t/fuzz/checks.c

if FUZZERS
EXTRA_DIST += t/fuzz/replay.c

# New inputs go to fuzz-found/, the stored ones are read only.  `all' for the modules.
fuzz: all $(fuzz_programs)
	@for f in $(fuzz_programs); do \
		name=$${f##*/fuzz_}; $(MKDIR_P) fuzz-found/$$name; echo "== $$name"; \
		stored=$(srcdir)/t/fuzz/corpus/$$name; test -d $$stored || stored=; \
		./$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 fuzz-found/$$name $$stored || exit 1; \
	done
else
t_fuzz_libfuzz_a_SOURCES += t/fuzz/replay.c
TESTS += $(fuzz_programs)
endif
t_fuzz_fuzz_access_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_aead_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_aead_vector_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_control_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_answer_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_coords_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_datagram_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_deliver_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_dns_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_filter_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_ether_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_fsp_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_graph_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_handshake_ik_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_handshake_xk_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_hostport_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_http_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_json_path_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_keytext_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_learn_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_link_frame_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_logtext_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_lookup_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_merge_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_nodefile_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_query_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_report_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_set_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_shim_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_signal_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_split_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_stage_fmp_open_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_stage_fsp_open_LDADD = $(LIBS_FUZZ)
# ... with modules, as LDADD_STAGES
t_fuzz_fuzz_stages_LDADD = $(FUZZ_ENGINE) t/lib/librig.a t/fuzz/libfuzz.a $(MR_LIBS_WHOLE) $(LIBS_NEEDED)
t_fuzz_fuzz_stream_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_tcpmss_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_transit_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_tree_LDADD = $(LIBS_FUZZ)
t_fuzz_fuzz_yaml_LDADD = $(LIBS_FUZZ)
