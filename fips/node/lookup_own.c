/* lookup_own.c - what we look for ourselves (mesh.md 4.6).
 *
 *     ask --> attempt 1 --1 s--> attempt 2 --2 s--> attempt 3 --4 s--> attempt 4 --8 s--> failed
 *                  '------ accept: done with ------------------------------'    back-off, if any -'
 *
 * Each attempt has an id of its own, since the nodes on the way drop a second request with the
 * first one's.
 *
 * They also drop what comes too soon behind another's request for the same node.  Of several who
 * began to look for it together, by the same news, the nearest would be heard each time, and the
 * others never.  So each attempt but the first is put off by chance, up to twice its time, and the
 * last waits so much less: all together they take what is configured (ours: mesh.md 4.6 has them
 * all at the same times). */
#include <string.h>

#include "core/clock.h"
#include "fips/node/lookup.h"

static struct fips_lookup_own *find(const struct fips_lookups *l, const struct fips_addr *target)
{
	for (unsigned i = 0; i < FIPS_LOOKUPS_OWN; i++)
		if (l->own[i].used && fips_addr_eq(&l->own[i].target, target))
			return &l->own[i];
	return NULL;
}

/* A slot that is free, else that of the back-off which ends first. */
static struct fips_lookup_own *take(struct fips_lookups *l)
{
	struct fips_lookup_own *best = NULL;

	for (unsigned i = 0; i < FIPS_LOOKUPS_OWN; i++) {
		struct fips_lookup_own *o = &l->own[i];

		if (!o->used)
			return o;
		if (!o->pending && (!best || o->due < best->due))
			best = o;
	}
	return best;
}

/* When is next to be called: after whatever changed one of them. */
static void plan(struct fips_lookups *l)
{
	l->due = MR_NEVER;
	for (unsigned i = 0; l->n_pending && i < FIPS_LOOKUPS_OWN; i++)
		if (l->own[i].used && l->own[i].pending && l->own[i].due < l->due)
			l->due = l->own[i].due;
}

static void done(struct fips_lookups *l, struct fips_lookup_own *o)
{
	l->n_pending -= o->used && o->pending;
	o->used = o->pending = false;
	plan(l);
}

/* Nobody knows, or nobody answered: how long it is not asked for again. */
static void failed(struct fips_lookups *l, struct fips_lookup_own *o,
                   const struct fips_addr *target, uint64_t now)
{
	uint64_t base = l->config.backoff, most = l->config.backoff_max;
	unsigned failures = o && o->used ? o->failures : 0;
	uint64_t wait = failures < 32 ? base << failures : most;

	if (o && o->used)
		done(l, o);
	if (!base || !(o = o ? o : take(l)))
		return;
	*o = (struct fips_lookup_own){
		.used = true,
		.target = *target,
		.failures = failures + 1,
		.due = now + (wait < most ? wait : most) * MR_NS_PER_MS,
	};
}

/* One more request of ours goes out. */
static uint64_t draw(struct fips_lookups *l, const struct fips_addr *target, uint64_t now)
{
	struct fips_addr key;
	uint64_t id;

	do {
		mr_rand_bytes(&l->rand, &id, sizeof id);
		key = fips_aging_id(id);
	} while (fips_aging_find(&l->ids, &key) != FIPS_AGING_NONE);
	if (l->ids.n == l->ids.cap)
		fips_aging_forget(&l->ids);
	l->asked[fips_aging_add(&l->ids, &key, now)] =
		(struct fips_lookup_asked){ .target = *target };
	return id;
}

/* How long all attempts take. */
static uint64_t whole(const struct fips_lookups *l)
{
	uint64_t ms = 0;

	for (unsigned i = 0; i < l->config.n_attempts; i++)
		ms += l->config.attempts[i];
	return ms * MR_NS_PER_MS;
}

/* The first request goes out now. */
static void begin(const struct fips_lookups *l, struct fips_lookup_own *o, uint64_t now)
{
	o->waits = false;
	o->end = now + whole(l);
	o->spare = l->config.attempts[l->config.n_attempts - 1] / 8 * 7;
}

/* When this attempt is over. */
static uint64_t over(const struct fips_lookups *l, struct fips_lookup_own *o, uint64_t now)
{
	uint32_t ms = l->config.attempts[o->attempt];
	uint32_t by = ms < o->spare ? ms : o->spare;

	if (o->waits)
		return now + ms * MR_NS_PER_MS;
	if (o->attempt + 1 >= l->config.n_attempts)
		return o->end;
	by = by ? mr_rand_below(&l->rand, by + 1) : 0;
	o->spare -= by;
	return now + (ms + by) * MR_NS_PER_MS;
}

static void attempt(struct fips_lookups *l, struct fips_lookup_own *o,
                    const struct fips_lookup_filters *f, uint64_t now, uint64_t *id,
                    struct fips_lookup_ways *ways)
{
	*id = draw(l, &o->target, now);
	fips_lookup_choose(f, &o->target, *id, FIPS_NO_PEER, ways);
	if (ways->n) {
		if (o->waits)
			begin(l, o, now);
		o->sent = now;
		fips_lookup_count(l, FIPS_LOOKUP_REQ_INITIATED);
	}
	o->due = over(l, o, now);
	plan(l);
}

static enum fips_lookup_ask suppressed(struct fips_lookups *l, enum fips_lookup_count count)
{
	fips_lookup_count(l, count);
	return FIPS_LOOKUP_SUPPRESSED;
}

static bool anywhere(const struct fips_lookup_filters *f, const struct fips_addr *target)
{
	struct fips_lookup_ways ways;

	fips_lookup_choose(f, target, 0, FIPS_NO_PEER, &ways);
	return ways.n > 0;
}

enum fips_lookup_ask fips_lookups_ask(struct fips_lookups *l, const struct fips_addr *target,
                                      const struct fips_lookup_filters *f, bool early, uint64_t now,
                                      uint64_t *id, struct fips_lookup_ways *ways)
{
	struct fips_lookup_own *o = find(l, target);

	if (o && o->pending) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_DEDUPLICATED);
		return FIPS_LOOKUP_PENDING;
	}
	if (o && now < o->due)
		return suppressed(l, FIPS_LOOKUP_REQ_BACKOFF_SUPPRESSED);
	if (!early && !anywhere(f, target)) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_BLOOM_MISS);
		failed(l, o, target, now);
		return FIPS_LOOKUP_NOWHERE;
	}
	if (l->n_pending == FIPS_LOOKUPS_PENDING)
		return suppressed(l, FIPS_LOOKUP_REQ_TABLE_FULL);
	if (!o) {
		o = take(l);
		*o = (struct fips_lookup_own){ .used = true, .target = *target };
	}
	o->pending = o->waits = true;
	o->attempt = 0;
	o->first = now;
	l->n_pending++;
	attempt(l, o, f, now, id, ways);
	return FIPS_LOOKUP_STARTED;
}

static struct fips_lookup_own *late(const struct fips_lookups *l, uint64_t now)
{
	for (unsigned i = 0; now >= l->due && i < FIPS_LOOKUPS_OWN; i++)
		if (l->own[i].used && l->own[i].pending && now >= l->own[i].due)
			return &l->own[i];
	return NULL;
}

bool fips_lookups_overdue(const struct fips_lookups *l, uint64_t now, struct fips_addr *target)
{
	const struct fips_lookup_own *o = late(l, now);

	if (o)
		*target = o->target;
	return o;
}

enum fips_lookup_ask fips_lookups_next(struct fips_lookups *l, const struct fips_lookup_filters *f,
                                       uint64_t now, struct fips_addr *target, uint64_t *id,
                                       struct fips_lookup_ways *ways)
{
	struct fips_lookup_own *o = late(l, now);

	if (!o)
		return FIPS_LOOKUP_PENDING;
	*target = o->target;
	if (o->waits ? now - o->first >= whole(l) : o->attempt + 1 >= l->config.n_attempts) {
		fips_lookup_count(l, FIPS_LOOKUP_RESP_TIMED_OUT);
		failed(l, o, target, now);
		return FIPS_LOOKUP_NOWHERE;
	}
	o->attempt += !o->waits;
	attempt(l, o, f, now, id, ways);
	return FIPS_LOOKUP_STARTED;
}

void fips_lookups_accept(struct fips_lookups *l, const struct fips_lookup_response *response)
{
	struct fips_addr key = fips_aging_id(response->id);
	uint32_t slot = fips_aging_find(&l->ids, &key);
	struct fips_lookup_own *o = find(l, &response->target);

	fips_lookup_count(l, FIPS_LOOKUP_RESP_ACCEPTED);
	if (slot != FIPS_AGING_NONE)
		l->asked[slot].answered = true;
	if (o)
		done(l, o);
}

void fips_lookups_cancel(struct fips_lookups *l, const struct fips_addr *target)
{
	struct fips_lookup_own *o = find(l, target);

	if (o && o->pending)
		done(l, o);
}

void fips_lookups_hope(struct fips_lookups *l)
{
	for (unsigned i = 0; i < FIPS_LOOKUPS_OWN; i++)
		if (!l->own[i].pending)
			l->own[i].used = false;
}

bool fips_lookups_pending(const struct fips_lookups *l, const struct fips_addr *target)
{
	const struct fips_lookup_own *o = find(l, target);

	return o && o->pending;
}
