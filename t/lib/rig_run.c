/* rig_run.c - packets in, and what came of them; see rig.h. */

#include "t/lib/rig_state.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 16 /* bytes between two slices */
#define GUARD_BYTE 0xa5

struct mr_worker *rig_worker(struct rig *rig)
{
	return rig->engine->replica[UNDER].worker;
}

void rig_at(struct rig *rig, uint64_t now)
{
	(void)rig;
	ck_assert_uint_ge(now, rig_time);
	rig_time = now;
}

void rig_watch(struct rig *rig, int fd)
{
	struct mr_worker *w = rig_worker(rig);

	ck_assert_uint_lt(w->watches, MR_WATCHES_MAX);
	w->watch[w->watches++] = (struct mr_watched){
		.fd = fd, .events = MR_WATCH_READ, .of = &rig->engine->replica[UNDER] };
}

static unsigned port(const struct mr_port *ports, const char *name)
{
	for (unsigned i = 0; ports[i].name; i++) {
		if (!strcmp(ports[i].name, name))
			return i;
	}
	ck_abort_msg("no port %s", name);
}

struct mr_pkt *rig_feed(struct rig *rig, const char *input, const void *bytes, size_t n)
{
	struct feed *feed = rig->engine->replica[FEED].state;
	struct mr_pkt *p = mr_pool_get(rig_worker(rig)->pool);

	ck_assert_ptr_nonnull(p);
	memset(mr_pkt_side(p), 0, MR_SIDE);
	memcpy(mr_pkt_put(p, (uint32_t)n), bytes, n);
	p->stamp = rig_time;
	rig_put(&feed->input[port(rig->kind->inputs, input)], p);
	rig->engine->replica[FEED].ready = true;
	rig->fed = true;
	return p;
}

/* ---- slices ---- */

void rig_guards(struct rig *rig)
{
	uint8_t want[GUARD];

	memset(want, GUARD_BYTE, sizeof want);
	while (rig->guards)
		ck_assert_mem_eq(rig->guard[--rig->guards], want, GUARD);
}

static void put_guard(struct rig *rig, uint8_t *at)
{
	ck_assert_uint_lt(rig->guards, sizeof rig->guard / sizeof *rig->guard);
	memset(at, GUARD_BYTE, GUARD);
	rig->guard[rig->guards++] = at;
}

/* A slab in which so many bytes fit behind what is there.  One that is used again has no slice out,
 * so nobody may write to it any more: its guards are looked at before. */
static void want_slab(struct rig *rig, uint32_t bytes)
{
	struct mr_pool *pool = rig_worker(rig)->pool;

	if (rig->slab != MR_NO_SLAB && rig->slab_at + bytes <= MR_SLAB_BYTES)
		return;
	rig_guards(rig);
	if (rig->slab != MR_NO_SLAB)
		mr_slab_done(pool, rig->slab);
	rig->slab = mr_slab_get(pool);
	rig->slab_at = 0;
	ck_assert_uint_ne(rig->slab, MR_NO_SLAB);
}

void rig_slabs_done(struct rig *rig)
{
	rig_guards(rig);
	if (rig->slab != MR_NO_SLAB)
		mr_slab_done(rig_worker(rig)->pool, rig->slab);
}

struct mr_pkt *rig_feed_slice(struct rig *rig, const char *input, const void *bytes, size_t n,
                              uint32_t headroom, uint32_t tailroom)
{
	struct feed *feed = rig->engine->replica[FEED].state;
	struct mr_pool *pool = rig_worker(rig)->pool;
	uint32_t room = headroom + (uint32_t)n + tailroom;
	struct mr_pkt *p;

	want_slab(rig, room + 2 * GUARD);
	put_guard(rig, pool->slab[rig->slab].base + rig->slab_at);
	p = mr_slab_slice(pool, rig->slab, rig->slab_at + GUARD, room);
	ck_assert_ptr_nonnull(p);
	rig->slab_at += GUARD + room;
	put_guard(rig, pool->slab[rig->slab].base + rig->slab_at);
	memset(mr_pkt_side(p), 0, MR_SIDE);
	p->data += headroom;
	memcpy(mr_pkt_put(p, (uint32_t)n), bytes, n);
	p->stamp = rig_time;
	rig_put(&feed->input[port(rig->kind->inputs, input)], p);
	rig->engine->replica[FEED].ready = true;
	rig->fed = true;
	return p;
}

/* ---- running, and what came of it ---- */

static unsigned endings(const struct rig *rig)
{
	unsigned n = 0;

	while (rig->kind->drops[n].name)
		n++;
	return n;
}

static void note(struct rig *rig, uint64_t *word)
{
	const struct mr_replica *r = &rig->engine->replica[UNDER];
	const struct catch *catch = rig->engine->replica[CATCH].state;

	for (unsigned i = 0; i < endings(rig); i++)
		word[i] = r->block->live[MR_WORDS + i];
	for (unsigned i = 0; i < MR_PORTS_MAX; i++)
		word[40 + i] = catch->output[i].n;
	word[50] = r->block->live[MR_W_TAKEN];
	word[51] = r->block->live[MR_W_HELD];
}

const char *rig_run(struct rig *rig)
{
	uint64_t before[64] = { 0 }, after[64] = { 0 };
	const char *went = "nowhere";

	note(rig, before);
	for (unsigned i = 0; i < 100 && mr_worker_turn(rig_worker(rig)); i++)
		mr_engine_host_turn(rig->engine);
	mr_engine_host_turn(rig->engine);
	note(rig, after);
	if (after[51] > before[51])
		went = "kept";
	if (after[50] > before[50])
		went = "taken";
	for (unsigned i = 0; i < endings(rig); i++) {
		if (after[i] > before[i])
			went = rig->kind->drops[i].name;
	}
	for (unsigned i = 0; i < MR_PORTS_MAX; i++) {
		if (after[40 + i] > before[40 + i])
			went = rig->kind->outputs[i].name;
	}
	return went;
}

struct mr_pkt *rig_out(struct rig *rig, const char *output)
{
	struct mr_replica *r = &rig->engine->replica[CATCH];
	struct catch *catch = r->state;
	struct mr_pkt *p = rig_get(&catch->output[port(rig->kind->outputs, output)]);

	if (p) { /* back to the pool, untouched until somebody takes it out again */
		r->block->live[MR_W_HELD]--;
		r->block->live[MR_W_TAKEN]++;
		mr_pool_put(rig_worker(rig)->pool, p);
	}
	return p;
}

unsigned rig_carry(struct rig *from, const char *output, struct rig *to, const char *input)
{
	struct mr_pkt *p;
	unsigned n = 0;

	for (; (p = rig_out(from, output)); n++)
		mr_pkt_learn(rig_feed(to, input, p->data, p->len), p);
	return n;
}

void rig_order(struct rig *rig, struct mr_order *order)
{
	struct mr_worker *w = rig_worker(rig);

	w->turn.now = rig_time;
	ck_epoch_begin(w->epoch, NULL);
	mr_call_order(w, &rig->engine->replica[UNDER], order);
	ck_epoch_end(w->epoch, NULL);
}

bool rig_event(struct rig *rig, struct mr_event *event)
{
	struct ears *ears = rig->engine->replica[EARS].state;

	mr_engine_host_turn(rig->engine);
	if (ears->n == 0)
		return false;
	*event = ears->heard[ears->head];
	ears->head = (ears->head + 1) % QUEUE;
	ears->n--;
	return true;
}

void rig_block(struct rig *rig, uint32_t outputs)
{
	struct mr_replica *catch = &rig->engine->replica[CATCH];
	uint32_t there = 0;

	for (unsigned i = 0; rig->kind->outputs[i].name; i++)
		there |= MR_OUT(i);
	catch->held = outputs & there;
}

uint64_t rig_count(struct rig *rig, const char *name)
{
	static const char *const common[MR_WORDS] = { "in",    "in-bytes", "out",  "out-bytes",
		                                      "made",  "taken",    "taken-bytes", "held",
		                                      "vectors", "calls",  "busy-ns",
		                                      "ring-sojourn" };
	const struct mr_replica *r = &rig->engine->replica[UNDER];

	for (unsigned i = 0; i < MR_WORDS; i++) {
		if (!strcmp(common[i], name))
			return r->block->live[i];
	}
	for (unsigned i = 0; i < r->ndrop; i++) {
		if (!strcmp(rig->kind->drops[i].name, name))
			return r->block->live[MR_WORDS + i];
	}
	for (unsigned i = 0; i < r->ncounter; i++) {
		if (!strcmp(rig->kind->counters[i].name, name))
			return r->block->live[MR_WORDS + r->ndrop + r->noutput + i];
	}
	ck_abort_msg("no counter %s", name);
}

bool rig_holds(struct rig *rig, const char *input)
{
	return rig->engine->replica[UNDER].held & MR_OUT(port(rig->kind->inputs, input));
}

void rig_dry(struct rig *rig, unsigned left)
{
	struct mr_pool *pool = rig_worker(rig)->pool;

	mr_pool_collect(pool);
	rig->away = calloc(pool->n, sizeof(struct mr_pkt *));
	while (pool->top > left)
		rig->away[rig->aways++] = mr_pool_get(pool);
}

void rig_wet(struct rig *rig)
{
	while (rig->aways > 0)
		mr_pool_put(rig_worker(rig)->pool, rig->away[--rig->aways]);
	free(rig->away);
}
