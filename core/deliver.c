/* deliver.c - calling a replica, and carrying what it emits to where its edges lead.
 *
 *   1. the room rule of the call is asked (mr_may_call), and the room set aside
 *   2. the callback runs with the turn pointed at the replica
 *   3. each output's vectors go on, one for each replica it leads to: an inline edge calls the
 *      consumer at once (depth first, in the order of outputs), a ring is filled and its consumer
 *      woken
 *   4. at an inline `drop` edge the consumer's own rule is asked, besides what is set aside
 *
 * A call has a lane, that of its vector, and hands on in it; all calls but process are bulk.
 *
 * While packets are followed (tracer.h) a call is looked at before and behind 2.
 */

#include "core/worker.h"

#include <assert.h>

#include "core/clock.h"

static bool rule_has_room(const struct mr_rule *rule)
{
	for (unsigned i = 0; i < rule->gates; i++) {
		if (rule->gate[i].replica->held & MR_OUT(rule->gate[i].input))
			return false;
	}
	for (unsigned i = 0; i < rule->n; i++) {
		struct mr_ring *ring = rule->need[i].ring;

		if (mr_ring_room(ring) < rule->need[i].packets + ring->prod.aside)
			return false;
	}
	return true;
}

bool mr_may_call(const struct mr_replica *r, unsigned input, enum mr_lane lane)
{
	if (input < MR_PORTS_MAX && (r->held & MR_OUT(input)))
		return false;
	return rule_has_room(&r->rule[input][lane]);
}

void mr_starve(struct mr_replica *r, unsigned input, enum mr_lane lane)
{
	const struct mr_rule *rule = &r->rule[input][lane];

	for (unsigned i = 0; i < rule->n; i++)
		atomic_store_explicit(&rule->need[i].ring->starved, true, memory_order_release);
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

void mr_weigh(struct mr_vector *v)
{
	uint32_t bytes = 0;

	for (unsigned i = 0; MR_MEASURE && i < v->n; i++)
		bytes += v->pkt[i]->len;
	v->bytes = bytes;
}

/* A full `drop` edge ends the vector here, counted on the edge. */
static void drop_at_edge(struct mr_worker *w, struct mr_replica *r, unsigned output,
                         struct mr_vector *v)
{
	unsigned word = MR_WORDS + r->ndrop + output;

	r->block->live[word] += v->n;
	for (unsigned i = 0; i < v->n; i++)
		mr_gone(w, r, word, v->pkt[i]);
	v->n = 0;
}

/* Of what nobody waits for: where vectors have turns it has none. */
static bool has_room(const struct mr_worker *w, const struct mr_exit *x, unsigned n)
{
	if (x->way == MR_RING)
		return !x->restores && mr_ring_room(x->ring[w->lane]) >= n;
	return x->way == MR_INLINE && mr_may_call(x->to, x->input, x->lane[w->lane]);
}

static void process(struct mr_worker *w, struct mr_replica *r, unsigned input, enum mr_lane lane,
                    struct mr_vector *v);

static void push(struct mr_worker *w, const struct mr_exit *x, const struct mr_vector *v)
{
	struct mr_ring *ring = x->ring[w->lane];

	if (w->covered && !x->drop) {
		/* or the kind reaches more than it says */
		assert(ring->prod.aside >= MR_VECTOR);
		ring->prod.aside -= MR_VECTOR;
	}
	mr_ring_push(ring, v, w->turn.now);
	atomic_thread_fence(memory_order_seq_cst);
	mr_worker_wake(x->consumer);
}

/* The bytes are added up here, once for both ends of the edge. */
static void count_handed(struct mr_replica *r, unsigned output, struct mr_vector *v)
{
	uint64_t *word = r->block->live, *handed = word + r->handed + 2 * output;

	mr_weigh(v);
	mr_tally(&word[MR_W_OUT], v->n);
	mr_tally(&word[MR_W_OUT_BYTES], v->bytes);
	mr_tally(&handed[0], v->n);
	mr_tally(&handed[1], v->bytes);
}

/* What goes over a `wait` edge has room set aside, unless nobody could be made to wait: orders,
 * events, deadlines and the flush come when they come. */
static void hand_on(struct mr_worker *w, struct mr_replica *r, unsigned output, unsigned target)
{
	const struct mr_exit *x = &r->exit[output][target];
	struct mr_vector *v = &r->out[output].v[target];
	bool ask = x->drop || !w->covered || x->way == MR_NOWHERE;

	if (ask && !has_room(w, x, v->n)) {
		drop_at_edge(w, r, output, v);
		return;
	}
	count_handed(r, output, v);
	if (r->out[output].deal)
		r->out[output].next = (target + 1) % r->out[output].targets;
	if (x->way == MR_RING)
		push(w, x, v);
	else if (ask)
		mr_call_process(w, x->to, x->input, x->lane[w->lane], v);
	else
		process(w, x->to, x->input, x->lane[w->lane], v);
	v->n = 0;
}

static void deliver(struct mr_worker *w, struct mr_replica *r)
{
	for (unsigned o = 0; o < r->noutput; o++) {
		for (unsigned i = 0; i < r->out[o].targets; i++) {
			if (r->out[o].v[i].n)
				hand_on(w, r, o, i);
		}
	}
}

/* The time between two clock readings belongs to the call between them. */
static uint64_t account(struct mr_worker *w, struct mr_replica *r)
{
	uint64_t now = MR_MEASURE ? w->engine->now() : w->turn.now, spent = now - w->turn.now;

	mr_tally(&r->block->live[MR_W_BUSY_NS], spent);
	w->turn.now = now;
	return spent;
}

/* In every call of every vector: worth its place twice. */
__attribute__((always_inline))
static inline void account_call(struct mr_worker *w, struct mr_replica *r)
{
	mr_hist_add(&r->hist[MR_H_SERVICE], account(w, r), 1);
	mr_tally(&r->block->live[MR_W_CALLS], 1);
}

__attribute__((noinline))
static void traced_process(struct mr_worker *w, struct mr_replica *r, unsigned input,
                           struct mr_vector *v)
{
	mr_tracer_begin(w, r, v, false);
	r->kind->process(r->state, input, v, &w->turn);
	account_call(w, r);
	mr_tracer_called(w, r);
}

static void process(struct mr_worker *w, struct mr_replica *r, unsigned input, enum mr_lane lane,
                    struct mr_vector *v)
{
	enum mr_lane before = w->lane;
	uint64_t *word = r->block->live;

	w->lane = lane;
	mr_tally(&word[MR_W_IN], v->n);
	mr_tally(&word[MR_W_IN_BYTES], v->bytes);
	mr_tally(&word[MR_W_VECTORS], 1);
	mr_hist_add(&r->hist[MR_H_SIZE], v->n, 1);
	point_turn(w, r);
	if (w->tracer) {
		traced_process(w, r, input, v);
	} else {
		r->kind->process(r->state, input, v, &w->turn);
		account_call(w, r);
	}
	deliver(w, r);
	w->lane = before;
}

/* Room set aside for a call, and what had been before: in the rule itself, since no input is called
 * inside a call of its own. */
static void set_aside(struct mr_worker *w, struct mr_rule *rule)
{
	rule->covered = w->covered;
	w->covered = true;
	for (unsigned i = 0; i < rule->n; i++) {
		rule->need[i].before = rule->need[i].ring->prod.aside;
		rule->need[i].ring->prod.aside += rule->need[i].packets;
	}
}

static void give_back(struct mr_worker *w, const struct mr_rule *rule)
{
	for (unsigned i = 0; i < rule->n; i++)
		rule->need[i].ring->prod.aside = rule->need[i].before;
	w->covered = rule->covered;
}

void mr_call_process(struct mr_worker *w, struct mr_replica *r, unsigned input,
                     enum mr_lane lane, struct mr_vector *v)
{
	struct mr_rule *rule = &r->rule[input][lane];

	set_aside(w, rule);
	process(w, r, input, lane, v);
	give_back(w, rule);
}

/* One vector for one, so that the next in turn is known behind the section. */
void mr_call_dealt(struct mr_worker *w, const struct mr_entry *e, struct mr_vector *v)
{
	struct mr_ring *ring = e->restored->ring[MR_LANE_BULK];
	const struct mr_vector none = { .n = 0 };
	uint32_t slot = ring->prod.slot;

	if (v->n)
		mr_call_process(w, e->to, e->input, e->lane, v);
	if (ring->prod.slot == slot) {
		mr_ring_push(ring, &none, w->turn.now);
		atomic_thread_fence(memory_order_seq_cst);
		mr_worker_wake(e->restored->consumer);
	}
	/* or a stage of the section emits more than a call brings it */
	assert(ring->prod.slot == ((slot + 1) & ring->mask));
}

__attribute__((noinline))
static bool traced_pull(struct mr_worker *w, struct mr_replica *r)
{
	bool more;

	mr_tracer_begin(w, r, NULL, true);
	more = r->kind->pull(r->state, &w->turn);
	account_call(w, r);
	mr_tracer_called(w, r);
	return more;
}

bool mr_call_pull(struct mr_worker *w, struct mr_replica *r)
{
	struct mr_rule *rule = &r->rule[MR_PORTS_MAX][MR_LANE_BULK];
	bool more;

	point_turn(w, r);
	if (w->tracer) {
		more = traced_pull(w, r);
	} else {
		more = r->kind->pull(r->state, &w->turn);
		account_call(w, r);
	}
	set_aside(w, rule);
	deliver(w, r);
	give_back(w, rule);
	return more;
}

/* ---- calls that come when they come ---- */

static void begin(struct mr_worker *w, struct mr_replica *r)
{
	point_turn(w, r);
	if (w->tracer)
		mr_tracer_begin(w, r, NULL, false);
}

static void finish(struct mr_worker *w, struct mr_replica *r)
{
	account(w, r);
	if (w->tracer)
		mr_tracer_called(w, r);
	deliver(w, r);
}

void mr_call_timeout(struct mr_worker *w, struct mr_replica *r)
{
	begin(w, r);
	r->kind->timeout(r->state, &w->turn);
	finish(w, r);
}

void mr_call_order(struct mr_worker *w, struct mr_replica *r, struct mr_order *order)
{
	begin(w, r);
	if (r->kind->order)
		r->kind->order(r->state, order, &w->turn);
	finish(w, r);
}

void mr_call_event(struct mr_worker *w, struct mr_replica *r, const struct mr_event *event)
{
	begin(w, r);
	if (r->kind->event)
		r->kind->event(r->state, event, &w->turn);
	finish(w, r);
}

void mr_call_done(struct mr_worker *w, struct mr_replica *r, struct mr_order *order)
{
	begin(w, r);
	if (order->done)
		order->done(order, r->state, &w->turn);
	finish(w, r);
}

void mr_call_commit(struct mr_worker *w, struct mr_replica *r, bool go)
{
	begin(w, r);
	if (r->kind->commit)
		r->kind->commit(r->state, go, &w->turn);
	finish(w, r);
}

void mr_call_flush(struct mr_worker *w, struct mr_replica *r)
{
	begin(w, r);
	if (r->kind->flush)
		r->kind->flush(r->state, &w->turn);
	if (w->tracer)
		mr_tracer_called(w, r);
	deliver(w, r);
}
