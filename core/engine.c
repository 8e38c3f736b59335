/* engine.c - a graph's life: open, start, stop, close; see engine.h.
 *
 * Stopping goes with the flow: sources are no longer pulled, what is inside runs out, then every
 * worker gives back what its stages kept and ends.  Close counts the packets: all are at home. */

#include "core/engine.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/build.h"
#include "core/clock.h"
#include "core/worker.h"

#define HOST_TURNS 16
#define DRAIN_MS   500

static struct mr_engine *give_up(struct mr_engine *e, struct mr_report *report, const char *why)
{
	if (why)
		mr_complain(report, (struct mr_where){ 0 }, "%s", why);
	mr_engine_close(e);
	return NULL;
}

struct mr_engine *mr_engine_open(const struct mr_engine_options *options, struct mr_report *report)
{
	struct mr_engine *e = calloc(1, sizeof *e);

	if (!e)
		return give_up(NULL, report, "no memory for an engine");
	e->graph = options->graph;
	e->aead = options->aead;
	e->doc = options->node;
	e->rand = options->rand;
	e->now = options->now;
	e->view_max = options->view_max > MR_VIEW_MIN ? options->view_max : MR_VIEW_MIN;
	e->backlog_end = &e->backlog;
	e->started_ns = e->now();
	ck_epoch_init(&e->epoch);
	if (mr_resources_open(e, report))
		return give_up(e, report, NULL);
	e->plan = mr_plan_make(e->graph, e->view_max, report);
	if (!e->plan)
		return give_up(e, report, NULL);
	if (!mr_build(e))
		return give_up(e, report, "no memory for the graph's packets and rings");
	if (mr_stages_open(e, report))
		return give_up(e, report, NULL);
	return e;
}

static void pin(struct mr_engine *e, struct mr_worker *w, unsigned nth, long online,
                struct mr_report *report)
{
	const struct mr_place *place = &e->graph->place[w->place];
	cpu_set_t set;

	CPU_ZERO(&set);
	if (place->cpu == MR_CPU_LIST) {
		for (unsigned i = 0; i < place->ncpu; i++)
			CPU_SET(place->cpus[i], &set);
	} else if (place->cpu == MR_CPU_AUTO && online > 1) {
		CPU_SET(nth % (unsigned)online, &set);
	} else {
		return;
	}
	if (pthread_setaffinity_np(w->thread, sizeof set, &set))
		mr_warn(report, (struct mr_where){ 0 },
		        "worker %s runs on any core: none of those it is given is ours", w->name);
}

/* Whoever spins keeps a core from the others; with fewer cores than workers that is a core they
 * need. */
static void limit_spinning(struct mr_engine *e, long online, struct mr_report *report)
{
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		if (!w->spin_us || e->workers <= online)
			continue;
		w->spin_us = 0;
		mr_warn(report, (struct mr_where){ 0 },
		        "worker %s parks instead of spinning: %u workers share %ld cores", w->name,
		        e->workers, online);
	}
}

/* Make the host's descriptor readable: it has something to do. */
static void ask_for_turn(struct mr_worker *host)
{
	uint64_t one = 1;

	if (write(host->wake_fd, &one, sizeof one) < 0)
		return; /* the counter is full: it is readable anyhow */
}

int mr_engine_start(struct mr_engine *e, struct mr_report *report)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	sigset_t all, before;
	int failed = 0;

	limit_spinning(e, online, report);
	/* signals are main's business */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];
		char name[16];

		w->turn.now = w->booked = e->now();
		if (w->host) {
			ask_for_turn(w);
			continue;
		}
		if (pthread_create(&w->thread, NULL, mr_worker_run, w)) {
			mr_complain(report, (struct mr_where){ 0 }, "no thread for worker %s", w->name);
			failed = -1;
			break;
		}
		w->started = true;
		snprintf(name, sizeof name, "mr-%s", w->name);
		pthread_setname_np(w->thread, name);
		pin(e, w, i, online, report);
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

static bool at_rest(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++) {
		if (e->worker[i].started && !atomic_load(&e->worker[i].shared.idle))
			return false;
	}
	for (unsigned i = 0; i < e->plan->rings; i++) {
		if (mr_ring_depth(e->ring[i]))
			return false;
	}
	return true;
}

void mr_engine_stop(struct mr_engine *e)
{
	struct timespec tick = { .tv_nsec = (long)MR_NS_PER_MS };
	unsigned quiet = 0;

	for (unsigned i = 0; i < e->workers; i++)
		atomic_store(&e->worker[i].shared.drain, true);
	wake_all(e);
	/* one look can fall between a worker that has just handed on and one that has just taken */
	for (unsigned ms = 0; ms < DRAIN_MS && quiet < 2; ms++) {
		quiet = at_rest(e) ? quiet + 1 : 0;
		if (e->host)
			mr_engine_host_turn(e);
		nanosleep(&tick, NULL);
	}
	for (unsigned i = 0; i < e->workers; i++)
		atomic_store(&e->worker[i].shared.stop, true);
	wake_all(e);
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		if (w->started)
			pthread_join(w->thread, NULL);
		w->started = false;
	}
	/* nobody else runs now: main speaks for every worker */
	for (unsigned i = 0; i < e->workers; i++)
		mr_worker_flush(&e->worker[i]);
}

/* What lay in rings when the workers ended, and what is missing at home. */
static unsigned count_missing(struct mr_engine *e)
{
	unsigned missing = 0;

	for (unsigned i = 0; e->plan && e->ring && i < e->plan->rings; i++) {
		struct mr_vector v;
		uint64_t stamp;

		while (e->ring[i] && mr_ring_pop(e->ring[i], &v, &stamp)) {
			for (unsigned n = 0; n < v.n; n++)
				mr_pool_put(e->worker[v.pkt[n]->pool].pool, v.pkt[n]);
		}
	}
	for (unsigned i = 0; e->worker && i < e->workers; i++) {
		struct mr_pool *pool = e->worker[i].pool;

		if (pool)
			missing += pool->n + pool->nslice - mr_pool_home(pool);
	}
	return missing;
}

unsigned mr_engine_close(struct mr_engine *e)
{
	unsigned missing;

	if (!e)
		return 0;
	mr_stages_close(e);
	if (e->host && e->host->epoch)
		ck_epoch_barrier(e->host->epoch);
	mr_resources_close(e);
	missing = count_missing(e);
	mr_unbuild(e);
	mr_plan_free(e->plan);
	free(e);
	return missing;
}

int mr_engine_host_fd(struct mr_engine *e)
{
	return e->host ? e->host->wake_fd : -1;
}

uint64_t mr_engine_host_deadline(struct mr_engine *e)
{
	return e->host ? mr_worker_deadline(e->host) : MR_NEVER;
}

void *mr_engine_host_state(struct mr_engine *e)
{
	return e->host ? e->host->replica[0]->state : NULL;
}

void mr_engine_host_turn(struct mr_engine *e)
{
	struct mr_worker *w = e->host;
	bool any = true;

	if (!w)
		return;
	atomic_store_explicit(&w->shared.sleeping, false, memory_order_relaxed);
	mr_worker_eat_wakes(w);
	w->turn.now = e->now();
	mr_worker_book(w, w->held ? MR_T_HELD : MR_T_IDLE);
	for (unsigned i = 0; any && i < HOST_TURNS; i++)
		any = mr_worker_turn(w);
	mr_worker_publish(w);
	if (any || !mr_worker_may_sleep(w))
		ask_for_turn(w);
}
