/* build.c - memory and wiring of a planned graph: workers, replicas, rings, rules, pools. */

#include "core/build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static unsigned count_ports(const struct mr_port *ports)
{
	unsigned n = 0;

	while (ports && ports[n].name)
		n++;
	return n;
}

static unsigned count_named(const struct mr_named *named)
{
	unsigned n = 0;

	while (named && named[n].name)
		n++;
	return n;
}

static bool build_replica(struct mr_engine *e, unsigned stage)
{
	const struct mr_stage *s = &e->graph->stage[stage];
	struct mr_replica *r = &e->replica[stage];

	r->kind = s->kind;
	r->name = s->name;
	r->stage = stage;
	r->worker = &e->worker[s->worker];
	r->ninput = count_ports(s->kind->inputs);
	r->noutput = count_ports(s->kind->outputs);
	r->ndrop = count_named(s->kind->drops);
	r->ncounter = count_named(s->kind->counters);
	r->state = aligned_alloc(64, (s->kind->size + 64) / 64 * 64);
	r->rule = calloc(MR_PORTS_MAX + 1, sizeof *r->rule);
	r->block = mr_block_open(MR_WORDS + r->ndrop + r->noutput + r->ncounter);
	r->hist = calloc(MR_HISTS, sizeof *r->hist);
	if (!r->state || !r->rule || !r->block || !r->hist)
		return false;
	memset(r->state, 0, (s->kind->size + 64) / 64 * 64);
	if (s->conf)
		memcpy(r->state, s->conf, s->kind->size);
	return true;
}

/* Downstream before upstream: the reverse of the graph's order. */
static bool build_worker(struct mr_engine *e, unsigned index)
{
	const struct mr_graph *g = e->graph;
	struct mr_worker *w = &e->worker[index];

	w->index = index;
	w->name = g->place[index].name;
	w->host = g->place[index].host;
	w->spin_us = g->place[index].spin_us;
	w->engine = e;
	if (w->host)
		e->host = w;
	w->replica = calloc(g->stages, sizeof(struct mr_replica *));
	w->entry = calloc(MR_EDGES_MAX, sizeof *w->entry);
	w->orders = mr_mail_open(MR_LETTERS);
	w->acks = mr_mail_open(MR_LETTERS);
	w->events = mr_mail_open(MR_LETTERS);
	w->time = mr_block_open(MR_T_WORDS);
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->epoch = aligned_alloc(64, (sizeof *w->epoch + 63) / 64 * 64);
	if (w->epoch) {
		memset(w->epoch, 0, sizeof *w->epoch);
		ck_epoch_register(&e->epoch, w->epoch, NULL);
	}
	if (!w->replica || !w->entry || !w->orders || !w->acks || !w->events || !w->time ||
	    !w->epoch || w->wake_fd < 0)
		return false;
	for (unsigned i = g->stages; i > 0; i--) {
		if (g->stage[g->order[i - 1]].worker == index)
			w->replica[w->replicas++] = &e->replica[g->order[i - 1]];
	}
	if (e->plan->pool[index].packets) {
		w->pool = mr_pool_open((uint16_t)index, e->plan->pool[index].packets,
		                       e->plan->pool[index].size, 0, 0, (uint16_t)e->workers);
		if (!w->pool)
			return false;
	}
	w->turn = (struct mr_turn){ .worker = index, .pool = w->pool, .runtime = w };
	return true;
}

/* Ring inputs in the order their stages have on the worker, downstream first. */
static void build_entries(struct mr_worker *w)
{
	struct mr_engine *e = w->engine;

	for (unsigned i = 0; i < w->replicas; i++) {
		for (unsigned r = 0; r < e->plan->rings; r++) {
			const struct mr_edge *edge = &e->graph->edge[e->plan->ring[r].edge];

			if (edge->to != w->replica[i]->stage)
				continue;
			w->entry[w->entries++] = (struct mr_entry){
				.ring = e->ring[r],
				.to = w->replica[i],
				.input = edge->input,
				.producer = &e->worker[e->plan->ring[r].producer],
				.wake_room = e->plan->ring[r].depth / 2,
			};
		}
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

static void build_rules(struct mr_engine *e)
{
	for (unsigned s = 0; s < e->replicas; s++) {
		for (unsigned i = 0; i <= MR_PORTS_MAX; i++) {
			const struct mr_needs *needs = &e->plan->needs[s][i];
			struct mr_rule *rule = &e->replica[s].rule[i];

			rule->n = needs->n;
			rule->gates = needs->gates;
			for (unsigned n = 0; n < needs->n; n++) {
				rule->need[n].ring = e->ring[needs->need[n].ring];
				rule->need[n].packets = needs->need[n].vectors * MR_VECTOR;
				raise_wake_room(e, rule->need[n].ring, rule->need[n].packets);
			}
			for (unsigned n = 0; n < needs->gates; n++) {
				rule->gate[n].replica = &e->replica[needs->gate[n].stage];
				rule->gate[n].input = needs->gate[n].input;
			}
		}
	}
}

static void build_exits(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->graph->edges; i++) {
		const struct mr_edge *edge = &e->graph->edge[i];
		struct mr_exit *x = &e->replica[edge->from].exit[edge->output];

		x->way = MR_INLINE;
		x->drop = edge->full == MR_DROP;
		x->to = &e->replica[edge->to];
		x->input = edge->input;
		x->consumer = x->to->worker;
		for (unsigned r = 0; r < e->plan->rings; r++) {
			if (e->plan->ring[r].edge != i)
				continue;
			x->way = MR_RING;
			x->ring = e->ring[r];
		}
	}
}

bool mr_build(struct mr_engine *e)
{
	e->worker = aligned_alloc(64, e->graph->places * sizeof *e->worker);
	e->replica = calloc(e->graph->stages, sizeof *e->replica);
	e->ring = calloc(e->plan->rings + 1, sizeof(struct mr_ring *));
	if (!e->worker || !e->replica || !e->ring)
		return false;
	memset(e->worker, 0, e->graph->places * sizeof *e->worker);
	e->workers = e->graph->places;
	e->replicas = e->graph->stages;
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
	for (unsigned i = 0; i < e->workers; i++)
		build_entries(&e->worker[i]);
	build_rules(e);
	build_exits(e);
	return true;
}

void mr_unbuild(struct mr_engine *e)
{
	for (unsigned i = 0; e->replica && i < e->replicas; i++) {
		free(e->replica[i].state);
		free(e->replica[i].rule);
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
		free(w->epoch);
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
