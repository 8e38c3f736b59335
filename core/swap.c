/* swap.c - another graph in the place of the one that runs, without losing a packet.
 *
 *   1. compare    what does not differ is not touched; a resource that differs needs a restart, and
 *                 one that is not used any more stays open
 *   2. prepare    all that is slow or may fail, beside what runs: plan, rings, pools, stages,
 *                 threads behind their gates, the host's own preparation
 *   3. rest       sources are no longer pulled, what is inside runs out, orders come back
 *   4. end        the old threads wait at their gates: main speaks for everybody now.  Only when
 *                 nothing is left to do they are joined, so that none has to be made again
 *   5. exchange   kept packets, counters, heirlooms and the host's state go over; the new parts
 *                 take the place of the old ones in the same struct mr_engine
 *   6. go on      kept packets arrive, the gates open, sources are pulled again
 *   7. dispose    of the old parts
 *
 * Up to 4 everything can be taken back, and is.  What comes meanwhile waits in the sockets' buffers
 * and the device's queue.  An engine that is being prepared is a second struct mr_engine which
 * borrows the first one's resources and epochs (e->before); after the exchange it holds the old
 * parts. */

#include "core/swap.h"

#include <stdlib.h>
#include <string.h>

#include "core/build.h"
#include "core/epoch.h"
#include "core/json.h"
#include "core/threads.h"
#include "core/trace.h"

/* ---- 1. what is different? ---- */

static bool sections_same(const struct mr_section *sections, const struct mr_json *a,
                          const struct mr_json *b, char at[MR_PATH])
{
	for (; sections && sections->path; sections++) {
		if (!mr_section_same(sections, a, b, at))
			return false;
	}
	return true;
}

static bool graphs_same(const struct mr_graph *a, const struct mr_graph *b)
{
	char *text_a = mr_graph_json(a), *text_b = mr_graph_json(b);
	bool same = text_a && text_b && !strcmp(text_a, text_b);

	free(text_a);
	free(text_b);
	return same;
}

static void complain_at(const struct mr_json *doc, const char *path, struct mr_report *report)
{
	struct mr_where where = { .path = path };

	if (doc)
		where = mr_json_where(doc, path);
	where.path = path;
	mr_complain(report, where, "a change here needs a restart");
}

static const struct mr_stage *host_of(const struct mr_graph *g)
{
	for (unsigned i = 0; i < g->stages; i++) {
		if (g->stage[i].kind->host)
			return &g->stage[i];
	}
	return NULL;
}

/* Every reason why this cannot be had while running. */
static bool possible(const struct mr_engine *e, const struct mr_engine_options *next,
                     struct mr_report *report)
{
	const struct mr_stage *host = host_of(next->graph), *now = host_of(e->graph);
	unsigned errors = report->errors;
	char at[MR_PATH];

	for (unsigned i = 0; i < e->useds; i++) {
		if (!sections_same(e->used[i].resource->sections, e->doc, next->node, at))
			complain_at(next->node, at, report);
	}
	if ((host ? host->kind : NULL) != (now ? now->kind : NULL))
		mr_complain(report, (struct mr_where){ .file = next->graph->file, .path = "stages" },
		            "another host stage than %s needs a restart", now ? now->name : "none");
	return report->errors == errors;
}

static enum mr_swap compare(const struct mr_engine *e, const struct mr_engine_options *next)
{
	enum mr_swap what = MR_SWAP_SAME;
	char at[MR_PATH];

	if (!graphs_same(e->graph, next->graph))
		return MR_SWAP_ALL;
	for (unsigned i = 0; i < e->graph->stages; i++) {
		const struct mr_kind *kind = e->graph->stage[i].kind;

		if (sections_same(kind->sections, e->doc, next->node, at))
			continue;
		if (!kind->host)
			return MR_SWAP_ALL;
		what = MR_SWAP_HOST;
	}
	return what;
}

/* ---- the host alone ---- */

static void commit(struct mr_engine *e, bool go)
{
	struct mr_worker *w = e->host;

	if (!w)
		return;
	w->turn.now = e->now();
	mr_epoch_begin(w->epoch);
	mr_call_commit(w, w->replica[0], go);
	mr_epoch_end(w->epoch);
}

static enum mr_swap swap_host(struct mr_engine *e, const struct mr_json *node,
                              struct mr_report *report)
{
	struct mr_replica *host = e->host->replica[0];
	const struct mr_section *sections = host->kind->sections;
	const struct mr_json *before = e->doc;
	void **conf = mr_confs_open(sections, node);

	e->doc = node;
	if (!conf || mr_host_prepare(e, e, conf, report)) {
		if (!conf)
			mr_complain(report, (struct mr_where){ 0 }, "no memory for settings");
		e->doc = before;
		mr_confs_close(sections, conf);
		return MR_SWAP_REFUSED;
	}
	commit(e, true);
	mr_confs_close(sections, host->conf);
	host->conf = conf;
	mr_host_ask(e);
	return MR_SWAP_HOST;
}

/* ---- 2 and 7. an engine beside the one that runs ---- */

static unsigned dispose(struct mr_engine *n)
{
	unsigned missing;

	mr_threads_end(n);
	mr_stages_close(n);
	missing = mr_count_missing(n);
	mr_resources_close(n);
	mr_unbuild(n);
	mr_plan_free(n->plan);
	free(n);
	return missing;
}

static struct mr_engine *shell(struct mr_engine *e, const struct mr_engine_options *next)
{
	struct mr_engine *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	n->before = e;
	n->graph = next->graph;
	n->doc = next->node;
	n->aead = e->aead;
	n->rand = e->rand;
	n->now = e->now;
	n->epochs = e->epochs;
	n->backlog_end = &n->backlog;
	n->view_max = next->view_max > e->view_max ? next->view_max : e->view_max;
	return n;
}

static bool prepare(struct mr_engine *n, struct mr_report *report)
{
	struct mr_engine *e = n->before;

	if (mr_resources_open(n, report))
		return false;
	n->plan = mr_plan_make(n->graph, n->view_max, report);
	if (!n->plan)
		return false;
	if (!mr_build(n)) {
		mr_complain(report, (struct mr_where){ 0 },
		            "no memory for the graph's packets and rings");
		return false;
	}
	if (mr_stages_open(n, report) || (e->running && mr_threads_make(n, report)))
		return false;
	/* the last that can fail: what it has prepared is taken back by commit */
	return !n->host || !mr_host_prepare(e, n, n->host->replica[0]->conf, report);
}

/* ---- 3 and 4. bring what runs to its end ---- */

/* Every thread has ended and nothing lies between two stages;
 * or the same threads go on as before. */
static bool bring_to_rest(struct mr_engine *e, struct mr_report *report)
{
	bool rest = !e->running || mr_threads_rest(e);

	mr_threads_drain(e, true);
	if (rest) {
		mr_threads_hold(e);
		if (mr_threads_settle(e)) {
			mr_threads_end(e);
			return true;
		}
	}
	mr_complain(report, (struct mr_where){ 0 },
	            "packets did not come to rest: a stage holds its input, or an order is not "
	            "acknowledged; try again");
	mr_threads_go(e);
	return false;
}

/* ---- 5. exchange ---- */

static void adopt_workers(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++)
		e->worker[i].engine = e;
}

/* Resources that were lent belong to whoever stays. */
static void keep_resources(struct mr_engine *stays, struct mr_engine *goes)
{
	for (unsigned i = 0; i < stays->useds; i++) {
		if (!stays->used[i].lent)
			continue;
		stays->used[i].lent = false;
		for (unsigned k = 0; k < goes->useds; k++)
			goes->used[k].lent |= goes->used[k].resource == stays->used[i].resource;
	}
}

/* The descriptor that the loop watches, the state, and what the runtime remembers of both. */
static void move_host(struct mr_worker *to, struct mr_worker *from)
{
	struct mr_replica *new = to->replica[0], *old = from->replica[0];
	void *state = new->state;
	int fd = to->wake_fd;

	to->wake_fd = from->wake_fd;
	from->wake_fd = fd;
	new->state = old->state;
	old->state = state;
	new->opened = old->opened;
	old->opened = false;
	new->held = old->held;
	new->ready = new->kind->pull != NULL;
	for (unsigned i = 0; i < MR_T_WORDS; i++)
		to->time->live[i] += from->time->live[i];
	to->booked = from->booked;
}

/* The parts of n in e, and those of e in n. */
static void exchange(struct mr_engine *e, struct mr_engine *n)
{
	struct mr_engine old = *e;

	*e = *n;
	*n = old;
	n->before = e->before = NULL;
	e->running = old.running;
	e->started_ns = old.started_ns;
	e->reload = old.reload;
	e->pulse = old.pulse;
	e->trace = old.trace;
	e->traces = old.traces;
	n->trace = NULL;
	e->backlog_end = &e->backlog;
	n->backlog_end = &n->backlog;
	adopt_workers(e);
	adopt_workers(n);
	keep_resources(e, n);
	if (e->host)
		move_host(e->host, n->host);
}

/* A host whose kind gives has nothing left to flush, and lives on. */
static void flush(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_worker *w = &e->worker[i];

		if (!w->host || !w->replica[0]->kind->give)
			mr_worker_flush(w);
	}
}

static void inherit(struct mr_engine *n)
{
	for (unsigned i = 0; i < n->replicas; i++) {
		struct mr_replica *r = &n->replica[i], *before = mr_replica_before(n, r);

		if (before && r->kind->inherit)
			r->kind->inherit(r->state, before->state);
	}
}

static void publish(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->workers; i++)
		mr_worker_publish(&e->worker[i]);
}

/* ---- the whole of it ---- */

static void swap_parts(struct mr_engine *e, struct mr_engine *n, struct mr_swapped *done)
{
	struct mr_moves moves;

	mr_trace_cut(e, "another graph took the place of the one that ran");
	mr_moves_gather(&moves, e, n);
	flush(e);
	mr_counters_carry(e, n);
	inherit(n);
	exchange(e, n);
	mr_threads_drain(e, true); /* main turns them first */
	commit(e, true);
	mr_moves_arrive(&moves, e);
	done->moved = moves.packets;
	done->lost = moves.lost;
	publish(e);
	mr_threads_go(e);
	mr_host_ask(e);
}

static enum mr_swap swap_all(struct mr_engine *e, const struct mr_engine_options *next,
                             struct mr_swapped *done, struct mr_report *report)
{
	struct mr_engine *n = shell(e, next);
	uint64_t from;
	bool rest;

	if (!n) {
		mr_complain(report, (struct mr_where){ 0 }, "no memory for an engine");
		return MR_SWAP_REFUSED;
	}
	if (!prepare(n, report)) {
		dispose(n);
		return MR_SWAP_REFUSED;
	}
	from = e->now();
	rest = bring_to_rest(e, report);
	if (rest)
		swap_parts(e, n, done);
	else
		commit(e, false);
	done->rest_ns = e->now() - from;
	done->missing = dispose(n);
	return rest ? MR_SWAP_ALL : MR_SWAP_REFUSED;
}

enum mr_swap mr_engine_swap(struct mr_engine *e, const struct mr_engine_options *next,
                            struct mr_swapped *done, struct mr_report *report)
{
	*done = (struct mr_swapped){ 0 };
	if (!possible(e, next, report))
		return MR_SWAP_REFUSED;
	switch (compare(e, next)) {
	case MR_SWAP_HOST: return swap_host(e, next->node, report);
	case MR_SWAP_ALL:  return swap_all(e, next, done, report);
	default:           return MR_SWAP_SAME;
	}
}
