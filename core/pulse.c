/* pulse.c - do the workers turn?  See engine.h. */
#include "core/worker.h"

void mr_engine_ask_turns(struct mr_engine *e)
{
	e->pulse++;
	for (unsigned i = 0; i < e->workers; i++)
		atomic_store_explicit(&e->worker[i].shared.asked, e->pulse, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < e->workers; i++)
		if (e->worker[i].started)
			mr_worker_wake(&e->worker[i]);
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
