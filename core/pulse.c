/* pulse.c - do the workers turn?  See engine.h. */
#include "core/worker.h"

/* The host has no thread: who asks is its loop. */
static bool owes(const struct mr_worker *w)
{
	return w->started && atomic_load_explicit(&w->shared.answered, memory_order_acquire) !=
	                             atomic_load_explicit(&w->shared.asked, memory_order_relaxed);
}

void mr_engine_ask_turns(struct mr_engine *e)
{
	uint64_t now = e->now();

	e->pulse++;
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		if (!w->started)
			continue;
		if (!owes(w))
			w->asked_at = now;
		atomic_store_explicit(&w->shared.asked, e->pulse, memory_order_release);
	}
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < e->workers; i++)
		if (e->worker[i].started)
			mr_worker_wake(&e->worker[i]);
}

uint64_t mr_worker_stuck(const struct mr_worker *w)
{
	uint64_t now = w->engine->now();

	return owes(w) && now > w->asked_at ? now - w->asked_at : 0;
}

const char *mr_engine_owes_turn(const struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++) {
		const struct mr_worker *w = &e->worker[i];

		if (w->started &&
		    atomic_load_explicit(&w->shared.answered, memory_order_acquire) != e->pulse)
			return w->name;
	}
	return NULL;
}
