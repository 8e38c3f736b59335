/* threads.c - the threads of the workers: made, let go, brought to rest, ended.
 *
 * A thread is made behind a gate, so that all that can fail has happened before any of them turns.
 * To rest means that sources are no longer pulled and what is inside runs out: into stages that
 * keep it, or out of the node.  While threads are behind the gate, or have ended, main may speak
 * for their workers. */

#include "core/threads.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "core/clock.h"
#include "core/cores.h"
#include "core/engine.h"

#define LOOK_NS       (50 * MR_NS_PER_US) /* between two looks whether all rest     */
#define LOOKS         5000                /* which with the timer's slack are 500 ms */
#define SETTLE_ROUNDS 1024                /* turns that main gives every worker     */

/* ---- making ---- */

static void pin(struct mr_engine *e, struct mr_worker *w, unsigned nth,
                struct mr_report *report)
{
	const struct mr_place *place = &e->graph->place[w->place];
	unsigned core[MR_CORES_MAX], cores = mr_cores_ours(core, MR_CORES_MAX);
	cpu_set_t set;

	CPU_ZERO(&set);
	if (place->cpu == MR_CPU_LIST) {
		for (unsigned i = 0; i < place->ncpu; i++)
			CPU_SET(place->cpus[i], &set);
	} else if (place->cpu == MR_CPU_AUTO && cores > 1) {
		CPU_SET(core[nth % cores], &set);
	} else {
		return;
	}
	if (pthread_setaffinity_np(w->thread, sizeof set, &set))
		mr_warn(report, (struct mr_where){ 0 },
		        "worker %s runs on any core: none of those it is given is ours", w->name);
}

/* Whoever spins keeps a core from the others; with fewer cores than workers that is a core they
 * need. */
static void limit_spinning(struct mr_engine *e, unsigned cores, struct mr_report *report)
{
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		if (!w->spin_us || e->workers <= cores)
			continue;
		w->spin_us = 0;
		mr_warn(report, (struct mr_where){ 0 },
		        "worker %s parks instead of spinning: %u workers share %u cores", w->name,
		        e->workers, cores);
	}
}

static bool make_thread(struct mr_worker *w)
{
	char name[16];

	atomic_fetch_or(&w->shared.gate, 1);
	atomic_store(&w->shared.stop, false);
	if (pthread_create(&w->thread, NULL, mr_worker_run, w))
		return false;
	w->started = true;
	snprintf(name, sizeof name, "mr-%s", w->name);
	pthread_setname_np(w->thread, name);
	return true;
}

int mr_threads_make(struct mr_engine *e, struct mr_report *report)
{
	sigset_t all, before;
	int failed = 0;

	limit_spinning(e, mr_cores_granted(), report);
	/* signals are main's business */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < e->workers && !failed; i++) {
		struct mr_worker *w = &e->worker[i];

		w->turn.now = w->booked = e->now();
		if (w->host)
			continue;
		if (make_thread(w)) {
			pin(e, w, i, report);
			continue;
		}
		mr_complain(report, (struct mr_where){ 0 }, "no thread for worker %s", w->name);
		failed = -1;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

static void wake_all(struct mr_engine *e)
{
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < e->workers; i++)
		mr_worker_wake(&e->worker[i]);
}

void mr_threads_go(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++) {
		uint32_t gate = atomic_load(&e->worker[i].shared.gate);

		atomic_store(&e->worker[i].shared.drain, false);
		atomic_store(&e->worker[i].shared.gate, gate + (gate & 1));
	}
	wake_all(e);
}

static bool all_held(const struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++) {
		const struct mr_worker *w = &e->worker[i];

		if (w->started && atomic_load(&w->shared.at) != atomic_load(&w->shared.gate))
			return false;
	}
	return true;
}

void mr_threads_hold(struct mr_engine *e)
{
	const struct timespec look = { .tv_nsec = (long)LOOK_NS };

	for (unsigned i = 0; i < e->workers; i++) {
		if (e->worker[i].started)
			atomic_fetch_add(&e->worker[i].shared.gate, 1);
	}
	wake_all(e);
	while (!all_held(e))
		nanosleep(&look, NULL);
}

/* ---- resting ---- */

static bool rings_empty(const struct mr_engine *e)
{
	for (unsigned i = 0; i < e->plan->rings; i++) {
		if (mr_ring_depth(e->ring[i]))
			return false;
	}
	return true;
}

static bool letters_read(const struct mr_engine *e)
{
	return e->unacked == 0 && !e->backlog && !(e->host && mr_letters_waiting(e->host));
}

static bool all_idle(const struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++) {
		const struct mr_worker *w = &e->worker[i];

		if (w->started && !atomic_load(&w->shared.idle))
			return false;
	}
	return true;
}

void mr_threads_drain(struct mr_engine *e, bool drain)
{
	for (unsigned i = 0; i < e->workers; i++)
		atomic_store(&e->worker[i].shared.drain, drain);
	wake_all(e);
}

bool mr_threads_rest(struct mr_engine *e)
{
	const struct timespec look = { .tv_nsec = (long)LOOK_NS };
	unsigned quiet = 0;

	mr_threads_drain(e, true);
	/* one look can fall between a worker that has just handed on and one that has just taken */
	for (unsigned i = 0; i < LOOKS && quiet < 2; i++) {
		quiet = all_idle(e) && rings_empty(e) ? quiet + 1 : 0;
		if (e->host)
			mr_engine_host_turn(e);
		if (quiet < 2)
			nanosleep(&look, NULL);
	}
	return quiet == 2;
}

static bool settled_after(struct mr_engine *e, unsigned rounds)
{
	while (rounds--) {
		bool any = false;

		for (unsigned i = 0; i < e->workers; i++) {
			if (!e->worker[i].host)
				any |= mr_worker_turn(&e->worker[i]);
		}
		if (e->host)
			mr_engine_host_turn(e);
		if (!any && rings_empty(e) && letters_read(e))
			return true;
	}
	return false;
}

/* What the host would begin because its time has come can wait: it might never end. */
bool mr_threads_settle(struct mr_engine *e)
{
	bool settled;

	if (e->host)
		e->host->timeless = true;
	settled = settled_after(e, SETTLE_ROUNDS);
	if (e->host)
		e->host->timeless = false;
	return settled;
}

void mr_threads_end(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++)
		atomic_store(&e->worker[i].shared.stop, true);
	wake_all(e);
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		if (w->started)
			pthread_join(w->thread, NULL);
		w->started = false;
	}
}
