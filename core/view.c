/* view.c - what readers may see of a running engine: copies, taken from published counters. */

#include <stdlib.h>

#include "core/engine.h"
#include "core/worker.h"

static bool view_stage(struct mr_stage_view *v, const struct mr_replica *r)
{
	struct mr_hist_view *hist = calloc(MR_HISTS, sizeof *hist);
	uint64_t *words = calloc(r->block->n, sizeof *words);

	/* drop is the start of the words' tail: freed by way of it */
	v->drop = words ? words + MR_WORDS : NULL;
	v->wait = hist;
	if (!hist || !words)
		return false;
	mr_block_read(r->block, words);
	for (unsigned i = 0; i < MR_WORDS; i++)
		v->word[i] = words[i];
	v->edge = v->drop + r->ndrop;
	v->counter = v->edge + r->noutput;
	v->handed = v->counter + r->ncounter;
	v->name = r->name;
	v->kind = r->kind;
	v->worker = r->worker->index;
	v->replica = r->index;
	for (unsigned i = 0; i < MR_HISTS; i++)
		mr_hist_merge(&hist[i], &r->hist[i]);
	v->service = &hist[MR_H_SERVICE];
	v->size = &hist[MR_H_SIZE];
	v->transit = &hist[MR_H_TRANSIT];
	return true;
}

static void view_worker(struct mr_worker_view *v, const struct mr_worker *w)
{
	uint64_t word[MR_T_WORDS];

	mr_block_read(w->time, word);
	*v = (struct mr_worker_view){
		.name = w->name,
		.host = w->host,
		.busy_ns = word[MR_T_BUSY],
		.held_ns = word[MR_T_HELD],
		.idle_ns = word[MR_T_IDLE],
		.turns = word[MR_T_TURNS],
		.wakes = word[MR_T_WAKES],
		.sleeps = word[MR_T_SLEEPS],
		.events_lost = word[MR_T_LOST],
		.stuck_ns = mr_worker_stuck(w),
		.pool_packets = w->pool ? w->pool->n : 0,
		.pool_free = (uint32_t)word[MR_T_FREE],
	};
}

struct mr_view *mr_engine_view(struct mr_engine *e)
{
	struct mr_view *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	v->graph = e->graph;
	v->aead = e->aead->name;
	v->started_ns = e->started_ns;
	v->now_ns = e->now();
	v->reload = e->reload;
	v->stage = calloc(e->replicas, sizeof *v->stage);
	v->worker = calloc(e->workers, sizeof *v->worker);
	v->ring = calloc(e->plan->rings + 1, sizeof *v->ring);
	if (!v->stage || !v->worker || !v->ring) {
		mr_view_free(v);
		return NULL;
	}
	for (v->stages = 0; v->stages < e->replicas; v->stages++) {
		if (!view_stage(&v->stage[v->stages], &e->replica[v->stages])) {
			v->stages++;
			mr_view_free(v);
			return NULL;
		}
	}
	for (v->workers = 0; v->workers < e->workers; v->workers++)
		view_worker(&v->worker[v->workers], &e->worker[v->workers]);
	for (v->rings = 0; v->rings < e->plan->rings; v->rings++) {
		const struct mr_ring *r = e->ring[v->rings];

		v->ring[v->rings] = (struct mr_ring_view){
			.edge = e->plan->ring[v->rings].edge,
			.lane = e->plan->ring[v->rings].lane,
			.depth = r->depth,
			.queued = mr_ring_depth(r),
			.high_water = (uint32_t)atomic_load_explicit(&r->prod.high_water,
			                                             memory_order_relaxed),
		};
	}
	return v;
}

void mr_view_free(struct mr_view *v)
{
	if (!v)
		return;
	for (unsigned i = 0; v->stage && i < v->stages; i++) {
		if (v->stage[i].drop)
			free((uint64_t *)(uintptr_t)v->stage[i].drop - MR_WORDS);
		free(v->stage[i].wait);
	}
	free(v->stage);
	free(v->worker);
	free(v->ring);
	free(v);
}
