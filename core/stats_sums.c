/* stats_sums - what every form of the statistics adds up: drops, balances, edges. */
#include "core/stats.h"

#include <string.h>

/* ---- a stage replica ---- */

static uint64_t sum_of(const uint64_t *words, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += words[i];
	return sum;
}

uint64_t mr_stats_dropped(const struct mr_stage_view *s)
{
	return sum_of(s->drop, mr_named_count(s->kind->drops)) +
	       sum_of(s->edge, mr_ports_count(s->kind->outputs)) + s->word[MR_W_SOJOURN];
}

int64_t mr_stats_balance(const struct mr_stage_view *s)
{
	return (int64_t)(s->word[MR_W_IN] + s->word[MR_W_MADE] - s->word[MR_W_OUT] -
	                 s->word[MR_W_TAKEN] - s->word[MR_W_HELD] - mr_stats_dropped(s));
}

/* ---- an edge ---- */

static void add_ring(struct mr_ring_view *sum, const struct mr_ring_view *ring)
{
	sum->depth += ring->depth;
	sum->queued += ring->queued;
	sum->high_water += ring->high_water;
}

bool mr_stats_lane(const struct mr_view *v, unsigned edge, enum mr_lane lane,
                   struct mr_ring_view *sum)
{
	bool ring = false;

	*sum = (struct mr_ring_view){ .edge = edge, .lane = lane };
	for (unsigned i = 0; i < v->rings; i++) {
		if (v->ring[i].edge != edge || v->ring[i].lane != lane)
			continue;
		ring = true;
		add_ring(sum, &v->ring[i]);
	}
	return ring;
}

bool mr_stats_edge(const struct mr_view *v, unsigned edge, struct mr_ring_view *sum)
{
	struct mr_ring_view control;
	bool ring = mr_stats_lane(v, edge, MR_LANE_BULK, sum);

	ring |= mr_stats_lane(v, edge, MR_LANE_CONTROL, &control);
	add_ring(sum, &control);
	return ring;
}

/* By the stage's name: replicas of a stage share the graph's. */
struct mr_edge_sum mr_stats_handed(const struct mr_view *v, unsigned edge)
{
	const struct mr_edge *e = &v->graph->edge[edge];
	struct mr_edge_sum sum = { 0 };

	for (unsigned i = 0; i < v->stages; i++) {
		const struct mr_stage_view *s = &v->stage[i];

		if (strcmp(s->name, v->graph->stage[e->from].name) != 0)
			continue;
		sum.packets += s->handed[2 * e->output];
		sum.bytes += s->handed[2 * e->output + 1];
		sum.dropped += s->edge[e->output];
	}
	return sum;
}
