/* deliver.c - calling a replica, and carrying what it emits to where its edges lead.
 *
 *   1. the room rule of the call is asked (mr_may_call)
 *   2. the callback runs with the turn pointed at the replica
 *   3. each output's vector goes on: an inline edge calls the consumer at once (depth first, in
 *      the order of outputs), a ring is filled and its consumer woken
 */

#include "core/worker.h"

#include "core/clock.h"

static bool rule_has_room(const struct mr_rule *rule, const struct mr_rule *besides)
{
	for (unsigned i = 0; i < rule->gates; i++) {
		if (rule->gate[i].replica->held & MR_OUT(rule->gate[i].input))
			return false;
	}
	for (unsigned i = 0; i < rule->n; i++) {
		uint32_t packets = rule->need[i].packets;

		for (unsigned k = 0; besides && k < besides->n; k++) {
			if (besides->need[k].ring == rule->need[i].ring)
				packets += besides->need[k].packets;
		}
		if (mr_ring_room(rule->need[i].ring) < packets)
			return false;
	}
	return true;
}

bool mr_may_call(struct mr_replica *r, unsigned input)
{
	if (input < MR_PORTS_MAX && (r->held & MR_OUT(input)))
		return false;
	return rule_has_room(&r->rule[input], NULL);
}

void mr_starve(struct mr_replica *r, unsigned input)
{
	const struct mr_rule *rule = &r->rule[input];

	for (unsigned i = 0; i < rule->n; i++)
		atomic_store_explicit(&rule->need[i].ring->starved, true, memory_order_relaxed);
}

static void point_turn(struct mr_worker *w, struct mr_replica *r)
{
	struct mr_turn *t = &w->turn;

	w->running = r;
	t->out = r->out;
	t->word = r->block->live;
	t->drops = MR_WORDS;
	t->counts = MR_WORDS + r->ndrop + r->noutput;
	t->state = r->state;
}

static uint64_t bytes_in(const struct mr_vector *v)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < v->n; i++)
		bytes += v->pkt[i]->len;
	return bytes;
}

/* A full `drop` edge ends the vector here, counted on the edge. */
static void drop_at_edge(struct mr_worker *w, struct mr_replica *r, unsigned output)
{
	struct mr_vector *v = &r->out[output].v;

	r->block->live[MR_WORDS + r->ndrop + output] += v->n;
	for (unsigned i = 0; i < v->n; i++)
		mr_free(&w->turn, v->pkt[i]);
	v->n = 0;
}

static void hand_on(struct mr_worker *w, struct mr_replica *r, unsigned output)
{
	struct mr_exit *x = &r->exit[output];
	struct mr_vector *v = &r->out[output].v;
	uint64_t *word = r->block->live;

	if (x->way == MR_NOWHERE ||
	    (x->way == MR_RING && x->drop && mr_ring_room(x->ring) < v->n) ||
	    (x->way == MR_INLINE && x->drop &&
	     ((x->to->held & MR_OUT(x->input)) ||
	      !rule_has_room(&x->to->rule[x->input], w->root)))) {
		drop_at_edge(w, r, output);
		return;
	}
	word[MR_W_OUT] += v->n;
	word[MR_W_OUT_BYTES] += bytes_in(v);
	if (x->way == MR_INLINE) {
		mr_call_process(w, x->to, x->input, v);
	} else {
		mr_ring_push(x->ring, v, w->turn.now);
		atomic_thread_fence(memory_order_seq_cst);
		mr_worker_wake(x->consumer);
	}
	v->n = 0;
}

static void deliver(struct mr_worker *w, struct mr_replica *r)
{
	for (unsigned o = 0; o < r->noutput; o++) {
		if (r->out[o].v.n)
			hand_on(w, r, o);
	}
}

/* The time between two clock readings belongs to the call between them. */
static void account(struct mr_worker *w, struct mr_replica *r)
{
	uint64_t now = w->engine->now(), spent = now - w->turn.now;

	r->block->live[MR_W_CALLS]++;
	r->block->live[MR_W_BUSY_NS] += spent;
	mr_hist_add(&r->hist[MR_H_SERVICE], spent, 1);
	w->turn.now = now;
}

void mr_call_process(struct mr_worker *w, struct mr_replica *r, unsigned input,
                     struct mr_vector *v)
{
	uint64_t *word = r->block->live;

	word[MR_W_IN] += v->n;
	word[MR_W_IN_BYTES] += bytes_in(v);
	word[MR_W_VECTORS]++;
	mr_hist_add(&r->hist[MR_H_SIZE], v->n, 1);
	point_turn(w, r);
	r->kind->process(r->state, input, v, &w->turn);
	account(w, r);
	deliver(w, r);
}

bool mr_call_pull(struct mr_worker *w, struct mr_replica *r)
{
	bool more;

	point_turn(w, r);
	more = r->kind->pull(r->state, &w->turn);
	account(w, r);
	deliver(w, r);
	return more;
}

void mr_call_timeout(struct mr_worker *w, struct mr_replica *r)
{
	point_turn(w, r);
	r->kind->timeout(r->state, &w->turn);
	account(w, r);
	deliver(w, r);
}

void mr_call_order(struct mr_worker *w, struct mr_replica *r, struct mr_order *order)
{
	point_turn(w, r);
	if (r->kind->order)
		r->kind->order(r->state, order, &w->turn);
	account(w, r);
	deliver(w, r);
}

void mr_call_event(struct mr_worker *w, struct mr_replica *r, const struct mr_event *event)
{
	point_turn(w, r);
	if (r->kind->event)
		r->kind->event(r->state, event, &w->turn);
	account(w, r);
	deliver(w, r);
}

void mr_call_done(struct mr_worker *w, struct mr_replica *r, struct mr_order *order)
{
	point_turn(w, r);
	if (order->done)
		order->done(order, r->state, &w->turn);
	account(w, r);
	deliver(w, r);
}

void mr_call_flush(struct mr_worker *w, struct mr_replica *r)
{
	point_turn(w, r);
	if (r->kind->flush)
		r->kind->flush(r->state, &w->turn);
	deliver(w, r);
}
