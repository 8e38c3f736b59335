/* plan_pools.c - a pool for every worker whose stages make packets, as large as all it may have out. */
#include "core/plan_parts.h"

static void reach_from(const struct mr_graph *g, unsigned stage, bool *seen)
{
	if (seen[stage])
		return;
	seen[stage] = true;
	for (unsigned i = 0; i < g->edges; i++) {
		if (g->edge[i].from == stage)
			reach_from(g, g->edge[i].to, seen);
	}
}

/* All a worker's packets may be in: every ring downstream of the stages that make them, what the
 * replicas there may keep, and one turn's vectors in hand. */
void mr_plan_pools(struct mr_plan *p, uint32_t view_max)
{
	const struct mr_graph *g = p->graph;

	for (unsigned w = 0; w < p->workers; w++) {
		bool seen[MR_STAGES_MAX] = { false };
		uint32_t n = 0;

		for (unsigned s = 0; s < g->stages; s++) {
			if (g->stage[s].worker == p->worker[w].place && g->stage[s].kind->makes) {
				reach_from(g, s, seen);
				n += 4 * MR_VECTOR;
			}
		}
		if (n == 0)
			continue;
		for (unsigned r = 0; r < p->rings; r++) {
			if (seen[g->edge[p->ring[r].edge].from])
				n += p->ring[r].depth;
		}
		for (unsigned s = 0; s < g->stages; s++) {
			if (seen[s])
				n += (g->stage[s].kind->keeps + 2 * MR_VECTOR) *
				     mr_graph_replicas(g, s);
		}
		p->pool[w].packets = n;
		p->pool[w].size = (MR_HEADROOM + view_max + MR_TAILROOM + 63) / 64 * 64;
	}
}
