/* orders.c - orders from the host to stages, their acknowledgements, and events the other way.
 *
 *   host                                   worker
 *   mr_order_send --- orders (mail) -----> mr_serve_orders: order() of each replica meant
 *   done()        <-- acks (mail) -------- by the last worker that has one
 *   event()       <-- events (mail) ------ mr_tell
 *
 * Orders are lossless: at most MR_LETTERS are unacknowledged, so the mails cannot be full; the rest
 * waits in the host's backlog, in order.  Events may be lost when the host is far behind, counted.
 */

#include "core/worker.h"

#include <assert.h>
#include <string.h>

#define EVERY_WORKER UINT32_MAX /* an order's stage: not for a stage, but for the workers
                                 * themselves */

struct letter {
	struct mr_order *order;
	uint8_t          rest[MR_LETTER - sizeof(struct mr_order *)];
};
_Static_assert(sizeof(struct letter) == MR_LETTER, "an order travels as one letter");

static bool is_for(const struct mr_order *order, const struct mr_replica *r)
{
	return r->stage == order->stage &&
	       (order->replica == MR_ALL_REPLICAS || order->replica == r->index);
}

static bool has_target(const struct mr_worker *w, const struct mr_order *order)
{
	if (order->stage == EVERY_WORKER)
		return !w->host;
	for (unsigned i = 0; i < w->replicas; i++) {
		if (is_for(order, w->replica[i]))
			return true;
	}
	return false;
}

static void post(struct mr_engine *e, struct mr_order *order)
{
	struct letter letter = { .order = order };
	unsigned n = 0;

	for (unsigned i = 0; i < e->workers; i++)
		n += has_target(&e->worker[i], order);
	assert(n > 0);
	atomic_store_explicit(&order->pending, n, memory_order_relaxed);
	e->unacked++;
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		if (!has_target(w, order))
			continue;
		if (!mr_mail_push(w->orders, &letter))
			assert(false && "fewer orders are under way than mail holds");
		atomic_thread_fence(memory_order_seq_cst);
		mr_worker_wake(w);
	}
}

static bool find_stage(const struct mr_engine *e, const char *kind, unsigned *stage)
{
	for (*stage = 0; *stage < e->graph->stages; ++*stage) {
		if (!strcmp(e->graph->stage[*stage].kind->name, kind))
			return true;
	}
	return false;
}

static void send(struct mr_engine *e, struct mr_order *order)
{
	order->next = NULL;
	if (e->unacked < MR_LETTERS && !e->backlog) {
		post(e, order);
		return;
	}
	*e->backlog_end = order;
	e->backlog_end = &order->next;
}

bool mr_order_workers(struct mr_engine *e, struct mr_order *order)
{
	if (!e->host || e->workers < 2)
		return false;
	order->stage = EVERY_WORKER;
	order->replica = MR_ALL_REPLICAS;
	send(e, order);
	return true;
}

bool mr_order_send(struct mr_turn *t, const char *kind, struct mr_order *order)
{
	struct mr_worker *host = t->runtime;

	assert(host->host);
	if (!find_stage(host->engine, kind, &order->stage))
		return false;
	order->replica = MR_ALL_REPLICAS;
	send(host->engine, order);
	return true;
}

bool mr_order_send_to(struct mr_turn *t, const char *kind, unsigned hash, struct mr_order *order)
{
	struct mr_worker *host = t->runtime;

	assert(host->host);
	if (!find_stage(host->engine, kind, &order->stage))
		return false;
	order->replica = hash % mr_graph_replicas(host->engine->graph, order->stage);
	send(host->engine, order);
	return true;
}

bool mr_orders_waiting(const struct mr_worker *w)
{
	return mr_mail_ready(w->orders);
}

/* A few a turn: answers let the host send on while we are at it. */
bool mr_serve_orders(struct mr_worker *w)
{
	struct letter letter;
	bool any = false;

	for (unsigned n = 0; n < MR_VECTOR && mr_mail_pop(w->orders, &letter); n++) {
		struct mr_order *order = letter.order;

		any = true;
		if (order->stage == EVERY_WORKER)
			mr_tracer_order(w, order);
		for (unsigned i = 0; i < w->replicas; i++) {
			if (is_for(order, w->replica[i]))
				mr_call_order(w, w->replica[i], order);
		}
		if (atomic_fetch_sub_explicit(&order->pending, 1, memory_order_acq_rel) != 1)
			continue;
		if (!mr_mail_push(w->acks, &letter))
			assert(false && "fewer orders are under way than mail holds");
		atomic_thread_fence(memory_order_seq_cst);
		mr_worker_wake(w->engine->host);
	}
	return any;
}

bool mr_letters_waiting(const struct mr_worker *host)
{
	const struct mr_engine *e = host->engine;

	for (unsigned i = 0; i < e->workers; i++) {
		if (mr_mail_ready(e->worker[i].acks) || mr_mail_ready(e->worker[i].events))
			return true;
	}
	return false;
}

static void post_backlog(struct mr_engine *e)
{
	while (e->backlog && e->unacked < MR_LETTERS) {
		struct mr_order *order = e->backlog;

		e->backlog = order->next;
		if (!e->backlog)
			e->backlog_end = &e->backlog;
		post(e, order);
	}
}

bool mr_serve_letters(struct mr_worker *host)
{
	struct mr_engine *e = host->engine;
	struct mr_replica *r = host->replica[0];
	bool any = false;

	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];
		struct letter letter;
		struct mr_event event;

		for (unsigned n = 0; n < MR_VECTOR && mr_mail_pop(w->acks, &letter); n++) {
			e->unacked--;
			mr_call_done(host, r, letter.order);
			any = true;
		}
		for (unsigned n = 0; n < MR_VECTOR && mr_mail_pop(w->events, &event); n++) {
			mr_call_event(host, r, &event);
			any = true;
		}
	}
	post_backlog(e);
	return any;
}
