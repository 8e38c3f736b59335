/* plan_pools.c - a pool for every worker whose stages make packets.
 *
 * A pool is never the reason for a deadlock, however small.  Who finds it empty waits for buffers
 * to come home and is woken by the first (R7); what lies in rings always comes home, since what
 * empties a ring waits for nothing but room further down.  Only what stages keep may stay for ever,
 * perhaps until the packet comes that the empty pool has no buffer for: room for all of that, and
 * for what one turn has in hand, is added to every pool.
 *
 * Beyond that a pool is as large as is of use:
 *
 *   1. every ring that its packets may lie in: an input's packets go on to the outputs it reaches,
 *      in the lane they are in; what a stage keeps may leave by any output
 *   2. but of a wide graph no more than FLOWING for the ways that flow, and the rings that one
 *      place fills when it stands still, with those behind `wait` edges that this fills in turn: a
 *      device that takes nothing costs what is meant for it, and does not stop the others' packets
 *      at the source.  What waits at the source meanwhile waits in the socket's or the device's own
 *      queue
 *   3. for stages that make few packets of their own, the number their kind says
 */
#include "core/plan_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/pool.h"

#define FLOWING 4096 /* packets: what a core makes in some milliseconds at a million a second */

/* Where the packets of one worker's pool may be. */
struct ways {
	const struct mr_plan *p;
	uint8_t (*called)[MR_PORTS_MAX + 1]; /* [replicas]: lanes, as bits; the last for pull */
	bool     *ring;                      /* [rings] */
};

/* Follow a call of an input, or of pull (MR_PORTS_MAX). */
static void follow(struct ways *ways, unsigned replica, unsigned input, enum mr_lane from)
{
	const struct mr_plan *p = ways->p;
	const struct mr_graph *g = p->graph;
	const struct mr_kind *kind = g->stage[p->replica[replica].stage].kind;
	uint32_t reach = input == MR_PORTS_MAX ? MR_ALL_OUTPUTS : kind->inputs[input].reaches;

	if (ways->called[replica][input] & MR_OUT(from))
		return;
	ways->called[replica][input] |= (uint8_t)MR_OUT(from);
	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_edge *e = &g->edge[i];
		struct mr_targets t;
		enum mr_lane lane;

		if (e->from != p->replica[replica].stage || !(reach & MR_OUT(e->output)))
			continue;
		t = mr_plan_targets(p, replica, i);
		lane = mr_lane_behind(&kind->outputs[e->output], from);
		for (unsigned to = t.first; to < t.first + t.n; to++) {
			unsigned ring = mr_plan_ring_of(p, i, replica, to, lane);

			if (ring != MR_NO_RING)
				ways->ring[ring] = true;
			follow(ways, to, e->input, lane);
		}
	}
	if (kind->keeps)
		follow(ways, replica, MR_PORTS_MAX, MR_LANE_BULK);
}

/* What it makes leaves by its pull, or where a call for one of its inputs may emit. */
static void follow_maker(struct ways *ways, unsigned replica)
{
	const struct mr_plan *p = ways->p;
	const struct mr_port *inputs = p->graph->stage[p->replica[replica].stage].kind->inputs;

	follow(ways, replica, MR_PORTS_MAX, MR_LANE_BULK);
	for (unsigned i = 0; i < MR_PORTS_MAX && inputs[i].name; i++)
		for (enum mr_lane lane = 0; lane < MR_LANES; lane++)
			follow(ways, replica, i, lane);
}

static unsigned place_of(const struct mr_plan *p, unsigned replica)
{
	return p->worker[p->replica[replica].worker].place;
}

/* Which places stand still when `still` does: whoever waits for room in a ring to one of them. */
static void stand_still(const struct ways *ways, unsigned place, bool *still)
{
	const struct mr_plan *p = ways->p;
	bool more = true;

	memset(still, 0, MR_WORKERS_MAX * sizeof *still);
	still[place] = true;
	while (more) {
		more = false;
		for (unsigned r = 0; r < p->rings; r++) {
			unsigned from = place_of(p, p->ring[r].producer);

			if (!ways->ring[r] || p->graph->edge[p->ring[r].edge].full != MR_WAIT ||
			    !still[place_of(p, p->ring[r].consumer)] || still[from])
				continue;
			still[from] = more = true;
		}
	}
}

static uint64_t all_rings(const struct ways *ways, const bool *only_to)
{
	const struct mr_plan *p = ways->p;
	uint64_t packets = 0;

	for (unsigned r = 0; r < p->rings; r++) {
		if (ways->ring[r] && (!only_to || only_to[place_of(p, p->ring[r].consumer)]))
			packets += p->ring[r].depth;
	}
	return packets;
}

/* The most that one place can hold up; one that stops the worker itself is not protected from. */
static uint64_t held_up(const struct ways *ways, unsigned worker)
{
	const struct mr_plan *p = ways->p;
	bool still[MR_WORKERS_MAX];
	uint64_t most = 0;

	for (unsigned place = 0; place < p->graph->places; place++) {
		uint64_t packets;

		stand_still(ways, place, still);
		packets = still[p->worker[worker].place] ? 0 : all_rings(ways, still);
		most = packets > most ? packets : most;
	}
	return most;
}

/* What stages keep and have in hand. */
static uint64_t kept(const struct ways *ways)
{
	static const uint8_t never[MR_PORTS_MAX + 1];
	const struct mr_plan *p = ways->p;
	uint64_t packets = 0;

	for (unsigned r = 0; r < p->replicas; r++) {
		if (memcmp(ways->called[r], never, sizeof never))
			packets += p->graph->stage[p->replica[r].stage].kind->keeps + 2 * MR_VECTOR;
	}
	return packets;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Packets for one worker; 0: none of its stages makes any. */
static uint64_t packets_of(struct ways *ways, unsigned worker)
{
	const struct mr_plan *p = ways->p;
	uint64_t few = 0, hand = 0, use;
	bool many = false;

	memset(ways->called, 0, p->replicas * sizeof *ways->called);
	memset(ways->ring, 0, p->rings * sizeof *ways->ring);
	for (unsigned r = 0; r < p->replicas; r++) {
		const struct mr_kind *kind = p->graph->stage[p->replica[r].stage].kind;

		if (p->replica[r].worker != worker || !kind->makes)
			continue;
		follow_maker(ways, r);
		hand += 4 * MR_VECTOR;
		few += kind->few;
		many |= !kind->few;
	}
	if (hand == 0)
		return 0;
	use = many ? held_up(ways, worker) + FLOWING + few : few;
	return hand + kept(ways) + smaller(all_rings(ways, NULL), use);
}

/* Who gets no slab does with packets alone. */
static uint32_t slabs_of(const struct mr_plan *p, unsigned worker)
{
	uint32_t slabs = 0;

	for (unsigned r = 0; r < p->replicas; r++) {
		if (p->replica[r].worker == worker)
			slabs += p->graph->stage[p->replica[r].stage].kind->slabs;
	}
	return slabs;
}

bool mr_plan_pools(struct mr_plan *p, uint32_t view_max)
{
	struct ways ways = { .p = p };
	bool ok;

	ways.called = calloc(p->replicas + 1, sizeof *ways.called);
	ways.ring = calloc(p->rings + 1, sizeof *ways.ring);
	ok = ways.called && ways.ring;
	for (unsigned w = 0; ok && w < p->workers; w++) {
		uint64_t packets = packets_of(&ways, w);

		if (packets == 0)
			continue;
		p->pool[w].packets = (uint32_t)smaller(packets, UINT32_MAX / 2);
		p->pool[w].slabs = slabs_of(p, w);
		p->pool[w].size = (MR_HEADROOM + view_max + MR_TAILROOM + 63) / 64 * 64;
	}
	free(ways.called);
	free(ways.ring);
	return ok;
}

/* ---- memory ---- */

uint64_t mr_plan_bytes(const struct mr_plan *p)
{
	uint64_t bytes = 0;

	for (unsigned w = 0; w < p->workers; w++) {
		const struct mr_plan_pool *pool = &p->pool[w];

		if (pool->packets)
			bytes += mr_pool_bytes(pool->packets, pool->size, pool->slabs,
			                       pool->slabs * MR_SLAB_SLICES, p->workers);
	}
	return bytes;
}

/* The edge whose rings hold most: what to look at when there is too much. */
static unsigned widest_edge(const struct mr_plan *p, unsigned *rings, uint32_t *depth)
{
	unsigned widest = 0;
	uint64_t most = 0;

	for (unsigned i = 0; i < p->graph->edges; i++) {
		uint64_t packets = 0;
		uint32_t deepest = 0;
		unsigned n = 0;

		for (unsigned r = 0; r < p->rings; r++) {
			if (p->ring[r].edge != i)
				continue;
			packets += p->ring[r].depth;
			deepest = p->ring[r].depth > deepest ? p->ring[r].depth : deepest;
			n++;
		}
		if (packets <= most)
			continue;
		most = packets;
		widest = i;
		*rings = n;
		*depth = deepest;
	}
	return widest;
}

void mr_plan_fits(const struct mr_plan *p, uint64_t memory, struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	uint64_t bytes = mr_plan_bytes(p);
	unsigned rings = 0, edge;
	uint32_t depth = 0;
	char path[48];

	if (bytes <= memory / 2)
		return;
	edge = widest_edge(p, &rings, &depth);
	snprintf(path, sizeof path, rings ? "edges[%u].depth" : "stages", edge);
	mr_complain(report, (struct mr_where){ .file = g->file, .path = path },
	            "packet buffers would take %u MiB, more than half of this machine's %u MiB",
	            (unsigned)(bytes >> 20), (unsigned)(memory >> 20));
	if (rings)
		mr_complain(report, (struct mr_where){ .file = g->file, .path = path },
		            "most are for the %u ring%s of %u packets from %s to %s: fewer threads or "
		            "less depth there", rings, rings > 1 ? "s" : "", depth,
		            g->stage[g->edge[edge].from].name, g->stage[g->edge[edge].to].name);
}

uint64_t mr_plan_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
}
