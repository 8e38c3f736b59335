#include "t/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/wire.h"
#include "t/sim/air.h"
#include "t/sim/checks.h"
#include "t/sim/flows.h"
#include "t/sim/node.h"
#include "t/sim/shape.h"
#include "t/sim/storm.h"

#define START    SIM_S(10)  /* nodes start one after the other within this           */
#define STAYS    SIM_S(120) /* once all is well it is watched for so long            */
#define TURNS    SIM_S(20)  /* a node may be about to take another parent then        */
#define SMALL    100         /* nodes that may be looked at often                     */
#define SETTLES  SIM_S(180) /* and the longest pause between dials: until all is well */

/* --- chance, and the digest ------------------------------------------------------------------- */

uint64_t sim_random(struct sim *s, uint64_t below)
{
	uint64_t z = (s->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return below ? z % below : z;
}

bool sim_chance(struct sim *s, uint32_t of_10000)
{
	return of_10000 && sim_random(s, 10000) < of_10000;
}

void sim_note(struct sim *s, uint64_t word)
{
	uint64_t z = (s->digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);

	s->digest = z ^ z >> 29;
}

void sim_note_bytes(struct sim *s, const uint8_t *bytes, size_t n)
{
	sim_note(s, n);
	for (; n >= 8; n -= 8, bytes += 8)
		sim_note(s, mr_le64(bytes));
	while (n--)
		sim_note(s, *bytes++);
}

/* --- words ------------------------------------------------------------------------------------ */

void sim_fail(const struct sim *s, const char *format, ...)
{
	const struct sim_options *o = &s->options;
	va_list args;

	fflush(stdout);
	fprintf(stderr, "at %.6f s: ", (double)s->now / 1e9);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nagain: t/sim/simulate --seed %llu --nodes %u --seconds %u --shape %s --storm %s --retry %u\n",
	        (unsigned long long)o->seed, o->nodes, o->seconds, o->shape, o->storm, o->retry);
	abort();
}

void sim_trace(const struct sim *s, const char *format, ...)
{
	va_list args;

	if (!s->options.trace)
		return;
	printf("%11.6f ", (double)s->now / 1e9);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void *sim_alloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

/* --- the mesh --------------------------------------------------------------------------------- */

struct sim *sim_open(const struct sim_options *options)
{
	struct sim *s = sim_alloc(1, sizeof *s);

	s->options = *options;
	s->random = options->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
	s->storm = sim_storm_find(options->storm);
	s->now = SIM_S(1000);
	s->storm_takes = SIM_S(options->seconds);
	s->storm_ends = s->now + s->storm_takes;
	s->n_nodes = options->nodes;
	s->nodes = sim_alloc(s->n_nodes, sizeof *s->nodes);
	for (unsigned i = 0; i < s->n_nodes; i++)
		sim_node_make(s, i);
	sim_nodes_sort(s);
	sim_shape_find(options->shape)->join(s);
	sim_flows_open(s);
	return s;
}

void sim_close(struct sim *s)
{
	for (unsigned i = 0; i < s->n_nodes; i++) {
		sim_node_kill(&s->nodes[i]);
		free(s->nodes[i].edges);
	}
	sim_queue_close(&s->queue);
	sim_flows_close(s);
	sim_keys_close(s);
	free(s->nodes);
	free(s->by_addr);
	free(s->edges);
	free(s->owner);
	free(s);
}

static void start(struct sim *s)
{
	for (unsigned i = 0; i < s->n_nodes; i++) {
		struct sim_event *e = sim_event_new(SIM_UNDO, s->now + sim_random(s, START), i, 0);

		e->what = SIM_KILL;
		if (e->at > s->storm_ends)
			e->at = s->storm_ends;
		s->nodes[i].down = 1;
		sim_queue_push(&s->queue, e);
	}
	sim_queue_push(&s->queue, sim_event_new(SIM_LOOK, s->now + MR_NS_PER_S, 0, 0));
	sim_storm_begin(s);
}

/* Once a second, and more often while the mesh heals. */
static void look(struct sim *s)
{
	const char *why;

	uint64_t next = s->calm && !s->well && s->n_nodes <= SMALL ? SIM_MS(100) : MR_NS_PER_S;

	sim_queue_push(&s->queue, sim_event_new(SIM_LOOK, s->now + next, 0, 0));
	sim_check_always(s);
	if (!s->calm)
		return;
	if (sim_check_turned(s)) {
		s->turned = s->now;
		s->figures.turns += s->well;
		sim_flows_turned(s);
	}
	if (s->well && s->now - s->well_at < STAYS)
		return;
	why = sim_check_well(s);
	if (s->well) {
		sim_must(s, !why || s->now - s->well_at < STAYS + TURNS, "all was well, and is no more: %s",
		         why);
		if (!why)
			sim_check_end(s);
		s->done = !why;
		return;
	}
	if (!why) {
		s->well = true;
		s->well_at = s->now;
		sim_trace(s, "well");
		return;
	}
	sim_trace(s, "not well: %s", why);
	sim_must(s, s->now - s->storm_ends < SETTLES + SIM_MS(s->options.retry),
	         "%.0f s after the storm %s", (double)(s->now - s->storm_ends) / 1e9, why);
}

static void happen(struct sim *s, struct sim_event *e)
{
	switch (e->kind) {
	case SIM_FRAME: sim_air_arrive(s, e); break;
	case SIM_WAKE: sim_node_wake(&s->nodes[e->who], e); break;
	case SIM_PING: sim_flow_ping(s, e->who); break;
	case SIM_STEP: sim_storm_step(s); break;
	case SIM_UNDO: sim_storm_undo(s, e); break;
	case SIM_LOOK: look(s); break;
	}
}

void sim_run(struct sim *s)
{
	start(s);
	while (!s->done) {
		struct sim_event *e = sim_queue_pop(&s->queue);

		s->now = e->at;
		sim_note(s, e->at);
		sim_note(s, (uint64_t)e->kind << 32 | e->who);
		sim_note_bytes(s, e->bytes, e->n);
		happen(s, e);
		free(e);
	}
}
