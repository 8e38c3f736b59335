/* build.c - memory and wiring of a planned graph: workers, replicas, rings, rules, pools. */

#include "core/build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static bool build_replica(struct mr_engine *e, unsigned index)
{
	const struct mr_plan_replica *planned = &e->plan->replica[index];
	const struct mr_stage *s = &e->graph->stage[planned->stage];
	struct mr_replica *r = &e->replica[index];

	r->kind = s->kind;
	r->name = s->name;
	r->stage = planned->stage;
	r->index = planned->index;
	r->worker = &e->worker[planned->worker];
	r->ninput = mr_ports_count(s->kind->inputs);
	r->noutput = mr_ports_count(s->kind->outputs);
	r->ndrop = mr_named_count(s->kind->drops);
	r->ncounter = mr_named_count(s->kind->counters);
	r->state = aligned_alloc(64, (s->kind->size + 64) / 64 * 64);
	r->rule = calloc(MR_PORTS_MAX + 1, sizeof *r->rule);
	r->handed = MR_WORDS + r->ndrop + r->noutput + r->ncounter;
	r->block = mr_block_open(r->handed + 2 * r->noutput);
	r->hist = calloc(MR_HISTS, sizeof *r->hist);
	if (!r->state || !r->rule || !r->block || !r->hist)
		return false;
	memset(r->state, 0, (s->kind->size + 64) / 64 * 64);
	if (s->conf)
		memcpy(r->state, s->conf, s->kind->size);
	return true;
}

/* ---- epochs ---- */

struct mr_epochs *mr_epochs_open(void)
{
	struct mr_epochs *epochs = aligned_alloc(64, (sizeof *epochs + 63) / 64 * 64);

	if (!epochs)
		return NULL;
	memset(epochs, 0, sizeof *epochs);
	ck_epoch_init(&epochs->global);
	return epochs;
}

void mr_epochs_close(struct mr_epochs *epochs)
{
	for (unsigned i = 0; epochs && i < MR_WORKERS_MAX; i++)
		free(epochs->record[i]);
	free(epochs);
}

/* The record of a worker's place: the host's, or that of the data worker with its number. */
static ck_epoch_record_t *epoch_record(struct mr_engine *e, const struct mr_worker *w)
{
	unsigned place = 0;
	ck_epoch_record_t **at;

	for (unsigned i = 0; !w->host && i <= w->index; i++)
		place += !e->worker[i].host;
	at = &e->epochs->record[place];
	if (*at)
		return *at;
	*at = aligned_alloc(64, (sizeof **at + 63) / 64 * 64);
	if (!*at)
		return NULL;
	memset(*at, 0, sizeof **at);
	ck_epoch_register(&e->epochs->global, *at, NULL);
	return *at;
}

/* ---- workers and replicas ---- */

/* Downstream before upstream: the reverse of the graph's order. */
static bool build_worker(struct mr_engine *e, unsigned index)
{
	const struct mr_graph *g = e->graph;
	const struct mr_plan_worker *planned = &e->plan->worker[index];
	struct mr_worker *w = &e->worker[index];

	w->index = index;
	w->place = planned->place;
	w->name = planned->name;
	w->host = g->place[w->place].host;
	w->spin_us = g->place[w->place].spin_us;
	w->engine = e;
	if (w->host)
		e->host = w;
	w->replica = calloc(g->stages, sizeof(struct mr_replica *));
	w->entry = calloc(e->plan->rings + 1, sizeof *w->entry);
	w->orders = mr_mail_open(MR_LETTERS);
	w->acks = mr_mail_open(MR_LETTERS);
	w->events = mr_mail_open(MR_LETTERS);
	w->time = mr_block_open(MR_T_WORDS);
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->epoch = epoch_record(e, w);
	if (!w->replica || !w->entry || !w->orders || !w->acks || !w->events || !w->time ||
	    !w->epoch || w->wake_fd < 0)
		return false;
	for (unsigned i = g->stages; i > 0; i--) {
		unsigned s = g->order[i - 1];

		if (g->stage[s].worker == w->place)
			w->replica[w->replicas++] = &e->replica[e->plan->first[s] + planned->nth];
	}
	if (e->plan->pool[index].packets) {
		w->pool = mr_pool_open((uint16_t)index, e->plan->pool[index].packets,
		                       e->plan->pool[index].size, e->plan->pool[index].slabs,
		                       e->plan->pool[index].slabs * MR_SLAB_SLICES,
		                       (uint16_t)e->workers);
		if (!w->pool)
			return false;
	}
	mr_tracer_set(w, NULL);
	w->turn = (struct mr_turn){ .worker = index, .pool = w->pool, .runtime = w };
	return true;
}

/* What tells the targets of packets in a queue apart:
 * what is dealt out has met its neighbour at most. */
static bool by_near(enum mr_affinity affinity)
{
	return affinity == MR_PEER || affinity == MR_DEAL;
}

/* Ring inputs of a lane in the order their stages have on the worker, downstream first. */
static void build_entries(struct mr_worker *w, enum mr_lane lane)
{
	struct mr_engine *e = w->engine;

	for (unsigned i = 0; i < w->replicas; i++) {
		for (unsigned r = 0; r < e->plan->rings; r++) {
			const struct mr_plan_ring *planned = &e->plan->ring[r];
			const struct mr_edge *edge = &e->graph->edge[planned->edge];

			if (&e->replica[planned->consumer] != w->replica[i] ||
			    planned->lane != lane)
				continue;
			w->entry[w->entries++] = (struct mr_entry){
				.ring = e->ring[r],
				.to = w->replica[i],
				.input = edge->input,
				.lane = lane,
				.producer = e->replica[planned->producer].worker,
				.wake_room = planned->depth / 2,
				.group = 1,
				.near = by_near(e->graph->stage[edge->to].affinity),
			};
			if (lane == MR_LANE_BULK)
				mr_sojourn_init(&w->entry[w->entries - 1].sojourn,
				                edge->sojourn_us * MR_NS_PER_US,
				                edge->interval_us * MR_NS_PER_US);
		}
	}
}

static const struct mr_edge *edge_of(const struct mr_engine *e, const struct mr_ring *ring)
{
	unsigned r = 0;

	while (e->ring[r] != ring)
		r++;
	return &e->graph->edge[e->plan->ring[r].edge];
}

/* Rings of an edge that restores an order lie side by side, by the number of their producer: the
 * first of them speaks for all. */
static void group_entries(struct mr_worker *w)
{
	struct mr_entry *first = NULL;

	for (unsigned i = 0; i < w->entries; i++) {
		struct mr_entry *e = &w->entry[i];
		const struct mr_edge *edge = edge_of(w->engine, e->ring);

		if (!edge->restores) {
			first = NULL;
		} else if (first && edge == edge_of(w->engine, first->ring)) {
			first->group++;
			e->group = 0;
		} else {
			first = e;
		}
	}
}

/* Where the one vector goes that comes of each that this entry takes. */
static struct mr_exit *restored_by(struct mr_engine *e, const struct mr_entry *in)
{
	for (unsigned i = 0; i < e->graph->edges; i++) {
		const struct mr_edge *edge = &e->graph->edge[i];

		if (edge->restores == in->to->stage + 1)
			return e->replica[e->plan->first[edge->from] + in->to->index]
				.exit[edge->output];
	}
	return NULL;
}

static void build_deals(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		for (unsigned n = 0; n < w->entries; n++)
			w->entry[n].restored = restored_by(e, &w->entry[n]);
		group_entries(w);
	}
}

/* A starved producer needs room for all it may put there at once. */
static void raise_wake_room(struct mr_engine *e, const struct mr_ring *ring, uint32_t packets)
{
	for (unsigned w = 0; w < e->workers; w++) {
		for (unsigned i = 0; i < e->worker[w].entries; i++) {
			struct mr_entry *in = &e->worker[w].entry[i];

			if (in->ring == ring && in->wake_room < packets)
				in->wake_room = packets;
		}
	}
}

static bool build_rule(struct mr_engine *e, struct mr_rule *rule, const struct mr_needs *needs)
{
	rule->n = needs->n;
	rule->gates = needs->gates;
	rule->need = calloc(needs->n + 1, sizeof *rule->need);
	rule->gate = calloc(needs->gates + 1, sizeof *rule->gate);
	if (!rule->need || !rule->gate)
		return false;
	for (unsigned n = 0; n < needs->n; n++) {
		rule->need[n].ring = e->ring[needs->need[n].ring];
		rule->need[n].packets = needs->need[n].vectors * MR_VECTOR;
		raise_wake_room(e, rule->need[n].ring, rule->need[n].packets);
	}
	for (unsigned n = 0; n < needs->gates; n++) {
		rule->gate[n].replica = &e->replica[needs->gate[n].replica];
		rule->gate[n].input = needs->gate[n].input;
	}
	return true;
}

static bool build_rules(struct mr_engine *e)
{
	for (unsigned r = 0; r < e->replicas; r++) {
		for (unsigned i = 0; i <= MR_PORTS_MAX; i++) {
			for (unsigned lane = 0; lane < MR_LANES; lane++) {
				if (!build_rule(e, &e->replica[r].rule[i][lane],
				                &e->plan->needs[r][i][lane]))
					return false;
			}
		}
	}
	return true;
}

static void build_exit(struct mr_engine *e, unsigned producer, unsigned edge, unsigned target,
                       struct mr_exit *x)
{
	unsigned consumer = mr_plan_targets(e->plan, producer, edge).first + target;
	const struct mr_edge *planned = &e->graph->edge[edge];

	*x = (struct mr_exit){ .way = MR_INLINE,
		               .drop = planned->full == MR_DROP,
		               .restores = planned->restores != 0,
		               .to = &e->replica[consumer],
		               .input = planned->input,
		               .consumer = e->replica[consumer].worker };
	for (enum mr_lane lane = 0; lane < MR_LANES; lane++) {
		const struct mr_kind *kind = e->graph->stage[planned->from].kind;
		unsigned ring;

		x->lane[lane] = mr_lane_behind(&kind->outputs[planned->output], lane);
		ring = mr_plan_ring_of(e->plan, edge, producer, consumer, x->lane[lane]);
		if (ring == MR_NO_RING)
			continue;
		x->way = MR_RING;
		x->ring[lane] = e->ring[ring];
	}
}

/* How packets for this stage find their replica. */
static void pick_by(struct mr_out *out, const struct mr_stage *to)
{
	out->near = to->affinity == MR_PEER;
	out->deal = to->affinity == MR_DEAL;
	out->flow = to->affinity == MR_FLOW ? to->kind->flow : NULL;
}

/* Where each output leads; one that is not connected, nowhere. */
static bool build_exits(struct mr_engine *e, unsigned replica)
{
	struct mr_replica *r = &e->replica[replica];
	unsigned all = 0, at = 0;

	for (unsigned o = 0; o < r->noutput; o++) {
		int edge = mr_graph_edge_at(e->graph, r->stage, o);

		r->out[o].targets =
			edge < 0 ? 1 : mr_plan_targets(e->plan, replica, (unsigned)edge).n;
		if (edge >= 0)
			pick_by(&r->out[o], &e->graph->stage[e->graph->edge[edge].to]);
		all += r->out[o].targets;
	}
	r->vectors = calloc(all + 1, sizeof *r->vectors);
	r->exits = calloc(all + 1, sizeof *r->exits);
	if (!r->vectors || !r->exits)
		return false;
	for (unsigned o = 0; o < r->noutput; o++) {
		int edge = mr_graph_edge_at(e->graph, r->stage, o);

		r->out[o].v = r->vectors + at;
		r->exit[o] = r->exits + at;
		for (unsigned i = 0; edge >= 0 && i < r->out[o].targets; i++)
			build_exit(e, replica, (unsigned)edge, i, &r->exit[o][i]);
		at += r->out[o].targets;
	}
	return true;
}

bool mr_build(struct mr_engine *e)
{
	e->worker = aligned_alloc(64, e->plan->workers * sizeof *e->worker);
	e->replica = calloc(e->plan->replicas, sizeof *e->replica);
	e->ring = calloc(e->plan->rings + 1, sizeof(struct mr_ring *));
	if (!e->worker || !e->replica || !e->ring)
		return false;
	memset(e->worker, 0, e->plan->workers * sizeof *e->worker);
	e->workers = e->plan->workers;
	e->replicas = e->plan->replicas;
	for (unsigned i = 0; i < e->workers; i++)
		e->worker[i].wake_fd = -1;
	for (unsigned i = 0; i < e->plan->rings; i++) {
		e->ring[i] = mr_ring_open(e->plan->ring[i].depth);
		if (!e->ring[i])
			return false;
	}
	for (unsigned i = 0; i < e->replicas; i++) {
		if (!build_replica(e, i))
			return false;
	}
	for (unsigned i = 0; i < e->workers; i++) {
		if (!build_worker(e, i))
			return false;
	}
	for (unsigned i = 0; i < e->workers; i++) {
		build_entries(&e->worker[i], MR_LANE_CONTROL);
		build_entries(&e->worker[i], MR_LANE_BULK);
	}
	for (unsigned i = 0; i < e->replicas; i++) {
		if (!build_exits(e, i))
			return false;
	}
	build_deals(e);
	return build_rules(e);
}

void mr_unbuild(struct mr_engine *e)
{
	for (unsigned i = 0; e->replica && i < e->replicas; i++) {
		for (unsigned n = 0; e->replica[i].rule && n < (MR_PORTS_MAX + 1) * MR_LANES; n++) {
			free(e->replica[i].rule[n / MR_LANES][n % MR_LANES].need);
			free(e->replica[i].rule[n / MR_LANES][n % MR_LANES].gate);
		}
		free(e->replica[i].state);
		free(e->replica[i].rule);
		free(e->replica[i].vectors);
		free(e->replica[i].exits);
		free(e->replica[i].hist);
		mr_block_close(e->replica[i].block);
	}
	for (unsigned i = 0; e->worker && i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		mr_mail_close(w->orders);
		mr_mail_close(w->acks);
		mr_mail_close(w->events);
		mr_block_close(w->time);
		mr_pool_close(w->pool);
		free(w->replica);
		free(w->entry);
		if (w->wake_fd >= 0)
			close(w->wake_fd);
	}
	for (unsigned i = 0; e->ring && i < e->plan->rings; i++)
		mr_ring_close(e->ring[i]);
	free(e->ring);
	free(e->replica);
	free(e->worker);
	e->ring = NULL;
	e->replica = NULL;
	e->worker = NULL;
	e->replicas = e->workers = 0;
}
