/* engine.c - a graph's life: open, start, stop, close; see engine.h.
 *
 * Stopping goes with the flow: sources are no longer pulled, what is inside runs out, then every
 * worker gives back what its stages kept and ends.  Close counts the packets: all are at home. */

#include "core/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/build.h"
#include "core/clock.h"
#include "core/threads.h"
#include "core/trace.h"

#define HOST_TURNS 16

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
	e->epochs = mr_epochs_open();
	if (!e->epochs)
		return give_up(e, report, "no memory for an engine");
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

void mr_host_ask(struct mr_engine *e)
{
	uint64_t one = 1;

	if (e->host && write(e->host->wake_fd, &one, sizeof one) < 0)
		return; /* the counter is full: it is readable anyhow */
}

int mr_engine_start(struct mr_engine *e, struct mr_report *report)
{
	int failed = mr_threads_make(e, report);

	e->running = true;
	mr_threads_go(e);
	mr_host_ask(e);
	return failed;
}

void mr_engine_stop(struct mr_engine *e)
{
	mr_threads_rest(e);
	mr_threads_end(e);
	e->running = false;
	/* nobody else runs now: main speaks for every worker */
	for (unsigned i = 0; i < e->workers; i++)
		mr_worker_flush(&e->worker[i]);
}

void mr_put_home(struct mr_engine *e, struct mr_pkt *p)
{
	p->pool = mr_pkt_home(p);
	mr_pool_put(e->worker[p->pool].pool, p);
}

unsigned mr_count_missing(struct mr_engine *e)
{
	unsigned missing = 0;

	for (unsigned i = 0; e->plan && e->ring && i < e->plan->rings; i++) {
		struct mr_vector v;
		uint64_t stamp;

		while (e->ring[i] && mr_ring_pop(e->ring[i], &v, &stamp)) {
			for (unsigned n = 0; n < v.n; n++)
				mr_put_home(e, v.pkt[n]);
		}
	}
	for (unsigned i = 0; e->worker && i < e->workers; i++) {
		struct mr_pool *pool = e->worker[i].pool;

		if (pool)
			missing += mr_pool_missing(pool);
	}
	return missing;
}

unsigned mr_engine_close(struct mr_engine *e)
{
	unsigned missing;

	if (!e)
		return 0;
	mr_trace_close(e);
	mr_stages_close(e);
	if (e->host && e->host->epoch)
		ck_epoch_barrier(e->host->epoch);
	mr_resources_close(e);
	missing = mr_count_missing(e);
	mr_unbuild(e);
	mr_plan_free(e->plan);
	mr_epochs_close(e->epochs);
	free(e);
	return missing;
}

int mr_engine_host_fd(struct mr_engine *e)
{
	return e->host ? e->host->wake_fd : -1;
}

uint64_t mr_engine_host_deadline(struct mr_engine *e)
{
	uint64_t first = e->host ? mr_worker_deadline(e->host) : MR_NEVER, due = mr_trace_due(e);

	return due < first ? due : first;
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
	mr_trace_tend(e);
	for (unsigned i = 0; any && i < HOST_TURNS; i++)
		any = mr_worker_turn(w);
	mr_worker_publish(w);
	if (any || !mr_worker_may_sleep(w))
		mr_host_ask(e);
}

/* ---- how reloads went ---- */

const char *const mr_reload_words[] = {
	[MR_RELOAD_DONE] = "done",
	[MR_RELOAD_UNCHANGED] = "unchanged",
	[MR_RELOAD_REFUSED] = "refused",
	NULL,
};

/* What is too long is cut between two characters of UTF-8. */
static void copy_text(char *to, size_t room, const char *text)
{
	size_t n = strlen(text);

	if (n >= room) {
		n = room - 1;
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(to, text, n);
	to[n] = '\0';
}

void mr_engine_note_reload(struct mr_engine *e, enum mr_reload_result result,
                           const struct mr_swapped *done, uint64_t wall, const char *text)
{
	struct mr_reload *r = &e->reload;

	r->count[result]++;
	r->last = result;
	r->at = wall;
	copy_text(r->text, sizeof r->text, text);
	if (!done || !done->rest_ns)
		return;
	r->rest_ns = done->rest_ns;
	r->moved += done->moved;
	r->lost += done->lost;
	if (r->rest_max_ns < done->rest_ns)
		r->rest_max_ns = done->rest_ns;
}
