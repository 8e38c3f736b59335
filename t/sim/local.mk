# t/sim: a mesh of many nodes on virtual time (README.md).

check_LIBRARIES += t/sim/libsim.a
t_sim_libsim_a_SOURCES = \
	t/sim/air.c \
	t/sim/air.h \
	t/sim/checks.c \
	t/sim/checks.h \
	t/sim/checks_filters.c \
	t/sim/checks_tree.c \
	t/sim/flows.c \
	t/sim/flows.h \
	t/sim/node.c \
	t/sim/node.h \
	t/sim/plane.c \
	t/sim/plane.h \
	t/sim/plane_acts.c \
	t/sim/plane_in.c \
	t/sim/plane_out.c \
	t/sim/plane_state.h \
	t/sim/plane_transit.c \
	t/sim/queue.c \
	t/sim/queue.h \
	t/sim/seal.c \
	t/sim/seal.h \
	t/sim/shape.c \
	t/sim/shape.h \
	t/sim/sim.c \
	t/sim/sim.h \
	t/sim/storm.c \
	t/sim/storm.h
EXTRA_DIST += t/sim/README.md

sim_programs = t/sim/simulate t/sim/test_sim
check_PROGRAMS += $(sim_programs)
TESTS += t/sim/test_sim
t_sim_simulate_SOURCES = t/sim/main.c
t_sim_simulate_LDADD = t/sim/libsim.a $(LDADD)
t_sim_test_sim_SOURCES = t/sim/test_sim.c
t_sim_test_sim_LDADD = t/sim/libsim.a $(LDADD)

# Without an end, a seed after the other.  SIM_SEED: the first.
SIM_SEED = 1
simulate: t/sim/simulate
	./t/sim/simulate --endless --seed $(SIM_SEED)
