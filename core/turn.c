/* turn.c - what a stage may ask of the turn it is called in; declared in stage.h. */

#include "core/worker.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/epoch.h"

static struct mr_worker *worker_of(struct mr_turn *t)
{
	return t->runtime;
}

static void return_far(struct mr_worker *w, unsigned home, struct mr_pkt *p)
{
	mr_pool_return(w->engine->worker[home].pool, (uint16_t)w->index, p);
	w->returned |= 1u << home; /* p is its owner's now, who may have marked it already */
}

/* It is marked, or somebody wants to know of every end. */
__attribute__((noinline))
static void look_and_go(struct mr_worker *w, struct mr_replica *r, unsigned word, struct mr_pkt *p)
{
	mr_tracer_ended(w, r, word, p);
	if (p->pool == w->index)
		mr_pool_put(w->pool, p);
	else
		return_far(w, p->pool, p);
}

static inline void go_home(struct mr_worker *w, struct mr_replica *r, unsigned word,
                           struct mr_pkt *p)
{
	unsigned home = p->pool;

	if (home == w->home)
		mr_pool_put(w->pool, p);
	else if (home >= w->foreign)
		look_and_go(w, r, word, p);
	else
		return_far(w, home, p);
}

void mr_free(struct mr_turn *t, struct mr_pkt *p)
{
	struct mr_worker *w = worker_of(t);

	go_home(w, w->running, MR_NO_WORD, p);
}

void mr_end(struct mr_turn *t, unsigned word, struct mr_pkt *p)
{
	struct mr_worker *w = worker_of(t);

	t->word[word]++;
	go_home(w, w->running, word, p);
}

void mr_gone(struct mr_worker *w, struct mr_replica *r, unsigned word, struct mr_pkt *p)
{
	go_home(w, r, word, p);
}

struct mr_pkt *mr_spare(struct mr_turn *t)
{
	struct mr_worker *w = worker_of(t);
	struct mr_pkt *p = w->pool ? mr_pool_get(w->pool) : NULL;

	if (!p)
		w->short_of_packets = true;
	return p;
}

struct mr_pkt *mr_own(struct mr_turn *t, struct mr_pkt *p)
{
	struct mr_worker *w = worker_of(t);
	struct mr_pkt *c = p->slab != MR_NO_SLAB && w->pool ? mr_pool_get(w->pool) : NULL;

	if (c && mr_pkt_tailroom(c) < p->len) {
		mr_pool_put(w->pool, c);
		c = NULL;
	}
	if (!c)
		return p;
	memcpy(mr_pkt_put(c, p->len), p->data, p->len);
	mr_pkt_learn(c, p);
	mr_tracer_moved(w, p, c);
	mr_free(t, p);
	return c;
}

void mr_hold(struct mr_turn *t, unsigned input, bool held)
{
	struct mr_replica *r = worker_of(t)->running;

	if (held)
		r->held |= MR_OUT(input);
	else
		r->held &= ~MR_OUT(input);
}

void mr_pull_again(struct mr_turn *t)
{
	worker_of(t)->running->ready = true;
}

void mr_watch(struct mr_turn *t, int watch, unsigned events)
{
	worker_of(t)->watch[watch].events = events;
}

void mr_tell(struct mr_turn *t, const struct mr_event *event)
{
	struct mr_worker *w = worker_of(t);
	struct mr_event letter = *event;

	letter.stage = (uint16_t)w->running->stage;
	if (!w->engine->host || !mr_mail_push(w->events, &letter)) {
		w->time->live[MR_T_LOST]++;
		return;
	}
	atomic_thread_fence(memory_order_seq_cst);
	mr_worker_wake(w->engine->host);
}

void mr_transit(struct mr_turn *t, const struct mr_vector *v)
{
	struct mr_hist *h = &worker_of(t)->running->hist[MR_H_TRANSIT];

	for (unsigned i = 0; MR_MEASURE && i < v->n;) {
		uint64_t stamp = v->pkt[i]->stamp;
		unsigned run = 1;

		while (i + run < v->n && v->pkt[i + run]->stamp == stamp)
			run++;
		if (stamp)
			mr_hist_add(h, t->now > stamp ? t->now - stamp : 0, run);
		i += run;
	}
}

void mr_waited(struct mr_turn *t, uint64_t waited, uint64_t n)
{
	worker_of(t)->waited = waited;
	mr_hist_add(&worker_of(t)->running->hist[MR_H_WAIT], waited, n);
}

uint64_t mr_turn_wall(struct mr_turn *t)
{
	(void)t;
	return mr_clock_wall();
}

struct ck_epoch_record *mr_turn_epoch(struct mr_turn *t)
{
	return worker_of(t)->epoch;
}

/* An object that waits for its readers to leave. */
struct retired {
	ck_epoch_entry_t epoch; /* first, so that the callback finds the rest */
	ck_epoch_t      *global;
	void            *object;
	void           (*free_object)(void *object);
};

static void readers_left(ck_epoch_entry_t *e)
{
	struct retired *r = (struct retired *)e;

	mr_epoch_passed(r->global);
	r->free_object(r->object);
	free(r);
}

void mr_retire(struct mr_turn *t, void *object, void (*free_object)(void *object))
{
	ck_epoch_record_t *record = worker_of(t)->epoch;
	struct retired *r = malloc(sizeof *r);

	if (!r)
		abort(); /* without memory for this, nothing can be freed safely */
	*r = (struct retired){ .global = record->global, .object = object,
		               .free_object = free_object };
	ck_epoch_call(record, &r->epoch, readers_left);
}
