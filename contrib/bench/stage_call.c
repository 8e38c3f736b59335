/* stage_call.c - one call, with a clock on both sides; see stage.h. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "contrib/bench/stage.h"
#include "core/epoch.h"
#include "core/worker.h"

uint64_t stage_ticks(void)
{
#if defined(__x86_64__)
	unsigned core;

	return __rdtscp(&core);
#else
	return mr_clock_now();
#endif
}

double stage_ns_per_tick(void)
{
	uint64_t ns = mr_clock_now(), at = stage_ticks(), until = ns + 100 * MR_NS_PER_MS, now;

	while ((now = mr_clock_now()) < until)
		;
	return (double)(now - ns) / (double)(stage_ticks() - at);
}

/* ---- calls ---- */

static struct mr_replica *stage_of(struct rig *rig)
{
	return &rig_engine(rig)->replica[0];
}

static uint64_t call(struct mr_worker *w, struct mr_replica *r, unsigned input, struct mr_vector *v)
{
	uint64_t before, after;

	if (v)
		mr_weigh(v);
	mr_epoch_begin(w->epoch);
	w->turn.now = w->engine->now();
	before = stage_ticks();
	if (v)
		mr_call_process(w, r, input, MR_LANE_BULK, v);
	else
		mr_call_pull(w, r);
	after = stage_ticks();
	mr_epoch_end(w->epoch);
	return after - before;
}

uint64_t stage_call(struct rig *rig, unsigned input, struct mr_vector *v)
{
	return call(stage_of(rig)->worker, stage_of(rig), input, v);
}

uint64_t stage_pull(struct rig *rig)
{
	return call(stage_of(rig)->worker, stage_of(rig), 0, NULL);
}

uint64_t stage_behind(struct rig *rig, const char *output, unsigned n)
{
	static const uint8_t bytes[64];
	struct mr_replica *r = stage_of(rig);
	struct mr_vector v = { 0 };
	unsigned number = 0;

	if (!output)
		return 0;
	while (strcmp(r->kind->outputs[number].name, output) != 0)
		number++;
	for (unsigned i = 0; i < n; i++)
		mr_vector_add(&v, stage_packet(rig, bytes, sizeof bytes));
	return call(r->worker, r->exit[number][0].to, r->exit[number][0].input, &v);
}

/* ---- packets and samples ---- */

struct mr_pkt *stage_packet(struct rig *rig, const void *bytes, size_t n)
{
	struct mr_pkt *p = mr_pool_get(rig_pool(rig));

	if (!p)
		stage_failed(stage_of(rig)->kind->name, "has no packets left");
	memcpy(mr_pkt_put(p, (uint32_t)n), bytes, n);
	return p;
}

void stage_drain(struct rig *rig, const char *output, unsigned n)
{
	unsigned came = 0;

	while (rig_out(rig, output))
		came++;
	if (came != n)
		stage_failed(stage_of(rig)->kind->name, "lost a packet");
}

void stage_sample(struct samples *to, uint64_t ticks)
{
	if (to->n < STAGE_SAMPLES)
		to->stage[to->n++] = ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
}

void stage_failed(const char *name, const char *what)
{
	fprintf(stderr, "bench stage: %s %s\n", name, what);
	exit(1);
}
