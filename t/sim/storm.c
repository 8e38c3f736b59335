#include "t/sim/storm.h"

#include <stdlib.h>
#include <string.h>

#include "t/sim/air.h"
#include "t/sim/node.h"

#define STEP SIM_MS(250)

const struct sim_storm sim_storms[] = {
	{ .name = "calm", .summary = "nothing" },
	{ .name = "lossy", .summary = "loss, doubling, reordering, spoilt bits",
	  .weather = { .delay_us = 20000, .jitter_us = 20000, .late_us = 200000, .lose = 1000,
	               .twice = 300, .late = 500, .spoil = 20 } },
	{ .name = "terrible", .summary = "a quarter lost, much of the rest late",
	  .weather = { .delay_us = 100000, .jitter_us = 40000, .late_us = 1500000, .lose = 2500,
	               .twice = 1000, .late = 2000, .spoil = 100 } },
	{ .name = "links", .summary = "links go and come",
	  .weather = { .jitter_us = 2000, .lose = 100 },
	  .blow = { [SIM_CUT] = { 60, 90 } } },
	{ .name = "nodes", .summary = "processes are killed and begin again",
	  .weather = { .jitter_us = 2000, .lose = 100 },
	  .blow = { [SIM_KILL] = { 120, 60 } } },
	{ .name = "split", .summary = "the mesh falls apart and grows together",
	  .blow = { [SIM_SPLIT] = { 1200, 150 } } },
	{ .name = "roam", .summary = "addresses change",
	  .weather = { .jitter_us = 2000, .lose = 100 },
	  .blow = { [SIM_MOVE] = { 90, 0 } } },
	{ .name = "clocks", .summary = "wall clocks jump, processes stand still, are killed",
	  .blow = { [SIM_JUMP] = { 60, 0 }, [SIM_KILL] = { 200, 30 },
	            [SIM_FREEZE] = { 120, 45 } } },
	{ .name = "all", .summary = "all of it",
	  .weather = { .delay_us = 20000, .jitter_us = 20000, .late_us = 500000, .lose = 500,
	               .twice = 200, .late = 500, .spoil = 50 },
	  .blow = { [SIM_CUT] = { 120, 60 }, [SIM_SPLIT] = { 4000, 90 }, [SIM_KILL] = { 240, 60 },
	            [SIM_FREEZE] = { 400, 40 }, [SIM_MOVE] = { 300, 0 },
	            [SIM_JUMP] = { 300, 0 } } },
	{ .name = "halves", .summary = "nothing, then two halves", .halves = true },
	{ 0 },
};

const struct sim_storm *sim_storm_find(const char *name)
{
	for (const struct sim_storm *storm = sim_storms; storm->name; storm++)
		if (strcmp(storm->name, name) == 0)
			return storm;
	return NULL;
}

/* --- weather ---------------------------------------------------------------------------------- */

static uint32_t some_of(struct sim *s, uint32_t most)
{
	return (uint32_t)sim_random(s, (uint64_t)most + 1);
}

static void bad_weather(struct sim *s)
{
	const struct sim_weather *w = &s->storm->weather;

	for (unsigned i = 0; i < s->n_edges; i++) {
		struct sim_edge *e = &s->edges[i];

		e->now.delay_us += some_of(s, w->delay_us);
		e->now.jitter_us += some_of(s, w->jitter_us);
		e->now.late_us = w->late_us;
		e->now.lose = some_of(s, w->lose);
		e->now.twice = some_of(s, w->twice);
		e->now.late = some_of(s, w->late);
		e->now.spoil = some_of(s, w->spoil);
	}
}

/* --- blows ------------------------------------------------------------------------------------ */

static uint64_t length(struct sim *s, uint32_t most)
{
	return MR_NS_PER_S + sim_random(s, most * MR_NS_PER_S);
}

static void undo_later(struct sim *s, enum sim_blow what, unsigned who, uint64_t ns)
{
	struct sim_event *e = sim_event_new(SIM_UNDO, s->now + ns, who, 0);

	if (e->at > s->storm_ends)
		e->at = s->storm_ends;
	e->what = what;
	sim_queue_push(&s->queue, e);
}

static void cut(struct sim *s, unsigned edge, uint64_t ns)
{
	s->edges[edge].away++;
	undo_later(s, SIM_CUT, edge, ns);
}

/* So many nodes, in one piece where the mesh was, lose the rest. */
static void split(struct sim *s, unsigned want, uint64_t ns)
{
	unsigned n = 1;
	unsigned *part = sim_alloc(s->n_nodes, sizeof *part);
	bool *in = sim_alloc(s->n_nodes, sizeof *in);

	part[0] = (unsigned)sim_random(s, s->n_nodes);
	in[part[0]] = true;
	for (unsigned i = 0; i < n; i++) {
		const struct sim_node *node = &s->nodes[part[i]];

		for (unsigned k = 0; k < node->n_edges && n < want; k++) {
			unsigned other = sim_air_other(&s->edges[node->edges[k]], node->id);

			if (!in[other])
				part[n++] = other;
			in[other] = true;
		}
	}
	for (unsigned i = 0; i < s->n_edges; i++)
		if (in[s->edges[i].a] != in[s->edges[i].b])
			cut(s, i, ns);
	s->figures.splits++;
	free(part);
	free(in);
}

static void jump(struct sim *s, struct sim_node *node)
{
	static const int64_t far[] = { 1000, 60000, 3600000, INT64_C(31536000000) };
	int64_t ms = far[sim_random(s, 4)];

	node->clock_ms += sim_random(s, 2) ? ms : -ms;
	s->figures.jumps++;
}

static void strike(struct sim *s, enum sim_blow blow)
{
	uint64_t ns = length(s, s->storm->blow[blow].most);
	unsigned id = (unsigned)sim_random(s, s->n_nodes);
	struct sim_node *node = &s->nodes[id];

	sim_note(s, (uint64_t)blow << 32 | id);
	sim_trace(s, "blow %d on %u", (int)blow, id);
	switch (blow) {
	case SIM_CUT:
		cut(s, (unsigned)sim_random(s, s->n_edges), ns);
		s->figures.cuts++;
		break;
	case SIM_SPLIT: split(s, 1 + (unsigned)sim_random(s, (s->n_nodes + 1) / 2), ns); break;
	case SIM_KILL:
		sim_node_kill(node);
		node->down++;
		undo_later(s, SIM_KILL, id, ns);
		break;
	case SIM_FREEZE:
		sim_node_freeze(node, ns);
		s->figures.freezes++;
		break;
	case SIM_MOVE:
		if (node->mobile) {
			sim_air_move(node);
			s->figures.moves++;
		}
		break;
	case SIM_JUMP: jump(s, node); break;
	case SIM_BLOWS: break;
	}
}

/* --- its course ------------------------------------------------------------------------------- */

static void over(struct sim *s)
{
	for (unsigned i = 0; i < s->n_edges; i++)
		s->edges[i].now = s->edges[i].fair;
	for (unsigned i = 0; i < s->n_nodes; i++)
		sim_node_freeze(&s->nodes[i], 0);
	s->calm = true;
	sim_trace(s, "calm");
}

void sim_storm_begin(struct sim *s)
{
	bad_weather(s);
	sim_queue_push(&s->queue, sim_event_new(SIM_STEP, s->now + STEP, 0, 0));
}

/* A node's share of a blow falls once in `pause`. */
void sim_storm_step(struct sim *s)
{
	if (s->now >= s->storm_ends) {
		over(s);
		return;
	}
	if (s->storm->halves && !s->figures.splits && s->storm_ends - s->now <= s->storm_takes / 2)
		split(s, s->n_nodes / 2, s->storm_takes);
	for (unsigned b = 0; b < SIM_BLOWS; b++) {
		uint64_t pause = s->storm->blow[b].pause * MR_NS_PER_S;

		if (pause && sim_random(s, pause) < STEP * s->n_nodes)
			strike(s, b);
	}
	sim_queue_push(&s->queue, sim_event_new(SIM_STEP, s->now + STEP, 0, 0));
}

void sim_storm_undo(struct sim *s, const struct sim_event *e)
{
	if (e->what == SIM_CUT)
		s->edges[e->who].away--;
	else if (--s->nodes[e->who].down == 0)
		sim_node_start(&s->nodes[e->who]);
}
