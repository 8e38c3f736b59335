/* swap_kept.c - what goes from one graph to the next: packets that stages keep, and counters.
 *
 * Packets belong to pools, and pools to workers that end.  So a kept packet is copied, headroom,
 * side area and all, into a packet of a new pool, and arrives again at the replica that owns its
 * hash there.  In the books it never arrived at the old replica.  One for which there is no stage,
 * packet or room is a drop, by the name its kind gives for that. */

#include "core/swap.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/build.h"
#include "core/clock.h"
#include "core/epoch.h"

#define ROOM_ROUNDS 128                  /* turns that a vector's input may take to have room */
#define ROOM_NS     (50 * MR_NS_PER_US) /* between two of them */

/* ---- who is who in the other graph ---- */

static bool same_stage(const struct mr_stage *a, const struct mr_stage *b)
{
	return a->kind == b->kind && !strcmp(a->name, b->name);
}

/* The stage of that name and kind; for packets, if there is none, any of the kind.  -1: none. */
static int heir(const struct mr_graph *to, const struct mr_stage *s, bool any)
{
	for (unsigned i = 0; i < to->stages; i++) {
		if (same_stage(&to->stage[i], s))
			return (int)i;
	}
	for (unsigned i = 0; any && i < to->stages; i++) {
		if (to->stage[i].kind == s->kind)
			return (int)i;
	}
	return -1;
}

/* Number of the replica that gets the packets a replica of that index had. */
static unsigned same_index(unsigned index, unsigned replicas)
{
	return index < replicas ? index : replicas - 1;
}

static unsigned owner(const struct mr_graph *to, unsigned stage, unsigned index,
                      const struct mr_pkt *p)
{
	unsigned replicas = mr_graph_replicas(to, stage);

	switch (to->stage[stage].affinity) {
	case MR_PEER:        return mr_handle_hash(p->near) % replicas;
	case MR_DESTINATION:
	case MR_SOURCE:      return mr_handle_hash(p->far) % replicas;
	default:             return same_index(index, replicas);
	}
}

/* ---- gathering ---- */

static struct mr_pkt *any_packet(struct mr_engine *e)
{
	struct mr_pkt *p = NULL;

	for (unsigned i = 0; i < e->workers && !p; i++) {
		if (e->worker[i].pool)
			p = mr_pool_get(e->worker[i].pool);
	}
	return p;
}

static struct mr_pkt *copy(struct mr_engine *to, const struct mr_pkt *p)
{
	struct mr_pkt *c = any_packet(to);
	uint32_t head = mr_pkt_headroom(p), at = head > MR_HEADROOM ? head : MR_HEADROOM;

	if (!c)
		return NULL;
	if (at + p->len > c->room) {
		mr_put_home(to, c);
		return NULL;
	}
	memcpy(c->base + at - head, p->base, head + p->len);
	c->data = c->base + at;
	c->len = p->len;
	mr_pkt_learn(c, p);
	return c;
}

/* A vector for a replica of the new graph; NULL: no memory. */
static struct mr_moved *append(struct mr_moves *m, unsigned replica, unsigned input)
{
	struct mr_moved *last;

	if (m->n == m->room) {
		unsigned room = m->room ? 2 * m->room : 16;
		struct mr_moved *list = realloc(m->list, room * sizeof *list);

		if (!list)
			return NULL;
		m->list = list;
		m->room = room;
	}
	last = &m->list[m->n++];
	last->replica = replica;
	last->input = input;
	last->v.n = 0;
	return last;
}

/* The old packet goes home either way; in the old books it has ended, or never come. */
static void settle(struct mr_engine *from, struct mr_replica *r, struct mr_pkt *p, bool moved)
{
	uint64_t *word = r->block->live;

	word[MR_W_HELD]--;
	if (moved) {
		word[MR_W_IN]--;
		word[MR_W_IN_BYTES] -= p->len;
	} else {
		word[MR_WORDS + r->kind->given_up]++;
	}
	mr_put_home(from, p);
}

/* Those of a vector that one replica gets. */
static void move_to(struct mr_moves *m, struct mr_engine *from, struct mr_replica *r,
                    struct mr_engine *to, unsigned replica, unsigned input, struct mr_vector *v)
{
	unsigned stage = to->plan->replica[replica].stage;
	struct mr_moved *moved = NULL;

	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i], *c = NULL;

		if (!p || owner(to->graph, stage, r->index, p) != to->plan->replica[replica].index)
			continue;
		v->pkt[i] = NULL;
		moved = moved ? moved : append(m, replica, input);
		c = moved ? copy(to, p) : NULL;
		if (c)
			mr_vector_add(&moved->v, c);
		m->packets += c != NULL;
		m->lost += c == NULL;
		settle(from, r, p, c != NULL);
	}
}

static void gather_from(struct mr_moves *m, struct mr_engine *from, struct mr_replica *r,
                        struct mr_engine *to)
{
	int stage = heir(to->graph, &from->graph->stage[r->stage], true);
	struct mr_vector v = { .n = 0 };
	unsigned input = 0;

	while ((v.n = r->kind->give(r->state, &input, &v)) > 0) {
		for (unsigned i = 0;
		     stage >= 0 && i < mr_graph_replicas(to->graph, (unsigned)stage); i++)
			move_to(m, from, r, to, to->plan->first[stage] + i, input, &v);
		for (unsigned i = 0; stage < 0 && i < v.n; i++) {
			settle(from, r, v.pkt[i], false);
			m->lost++;
		}
		v.n = 0;
	}
}

void mr_moves_gather(struct mr_moves *m, struct mr_engine *from, struct mr_engine *to)
{
	*m = (struct mr_moves){ 0 };
	for (unsigned i = 0; i < from->replicas; i++) {
		if (from->replica[i].kind->give)
			gather_from(m, from, &from->replica[i], to);
	}
}

/* ---- counters ---- */

static void add_hist(struct mr_hist *to, const struct mr_hist *from)
{
	uint64_t max = atomic_load_explicit(&from->max, memory_order_relaxed);

	for (unsigned i = 0; i < MR_HIST_BUCKETS; i++)
		mr_hist_bump(&to->bucket[i],
		             atomic_load_explicit(&from->bucket[i], memory_order_relaxed));
	mr_hist_bump(&to->sum, atomic_load_explicit(&from->sum, memory_order_relaxed));
	if (max > atomic_load_explicit(&to->max, memory_order_relaxed))
		atomic_store_explicit(&to->max, max, memory_order_relaxed);
}

void mr_counters_carry(const struct mr_engine *from, struct mr_engine *to)
{
	for (unsigned i = 0; i < from->replicas; i++) {
		const struct mr_replica *old = &from->replica[i];
		int stage = heir(to->graph, &from->graph->stage[old->stage], false);
		struct mr_replica *new;

		if (stage < 0)
			continue;
		new = &to->replica[to->plan->first[stage] +
		                   same_index(old->index,
		                              mr_graph_replicas(to->graph, (unsigned)stage))];
		for (unsigned w = 0; w < old->block->n; w++)
			new->block->live[w] += old->block->live[w];
		for (unsigned h = 0; h < MR_HISTS; h++)
			add_hist(&new->hist[h], &old->hist[h]);
	}
}

/* ---- arriving ---- */

/* Main turns everybody while it waits. */
static bool wait_for_room(struct mr_engine *e, struct mr_replica *r, unsigned input)
{
	const struct timespec pause = { .tv_nsec = (long)ROOM_NS };

	for (unsigned n = 0; n < ROOM_ROUNDS; n++) {
		bool any = false;

		if (mr_may_call(r, input, MR_LANE_BULK))
			return true;
		for (unsigned i = 0; i < e->workers; i++) {
			if (!e->worker[i].host)
				any |= mr_worker_turn(&e->worker[i]);
		}
		if (e->host)
			mr_engine_host_turn(e);
		if (!any)
			nanosleep(&pause, NULL);
	}
	return false;
}

static void give_up(struct mr_engine *e, struct mr_replica *r, const struct mr_vector *v)
{
	r->block->live[MR_W_IN] += v->n;
	r->block->live[MR_WORDS + r->kind->given_up] += v->n;
	for (unsigned i = 0; i < v->n; i++) {
		r->block->live[MR_W_IN_BYTES] += v->pkt[i]->len;
		mr_put_home(e, v->pkt[i]);
	}
}

void mr_moves_arrive(struct mr_moves *m, struct mr_engine *to)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct mr_moved *moved = &m->list[i];
		struct mr_replica *r = &to->replica[moved->replica];
		struct mr_worker *w = r->worker;

		if (moved->v.n == 0)
			continue;
		if (!wait_for_room(to, r, moved->input)) {
			m->packets -= moved->v.n;
			m->lost += moved->v.n;
			give_up(to, r, &moved->v);
			continue;
		}
		w->turn.now = to->now();
		mr_weigh(&moved->v);
		mr_epoch_begin(w->epoch);
		mr_call_process(w, r, moved->input, MR_LANE_BULK, &moved->v);
		mr_epoch_end(w->epoch);
	}
	free(m->list);
	m->list = NULL;
}
