/* lookup.c - requests and responses that pass by (mesh.md 4.3, 4.5).
 *
 * recent is shared by all neighbours and must not be one's alone.  Nobody is given a fixed part,
 * which would be too little for a parent in a quiet mesh and too much for each of a hundred: a
 * neighbour may add to the table while it holds less of it than is free.  One that floods gets
 * half, two get a third each, and there is always as much left for somebody new as each of them
 * holds.  What a link that went away leaves behind has a part of its own, so that whoever links
 * again and again gets no more than that either. */
#include "fips/node/lookup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

#define RECENT      4096
#define ORPHANS     (RECENT / 8)
#define FORWARDED   4096
#define IDS         2048
#define ID_LIFE     (20 * MR_NS_PER_S) /* of ours, for an answer to count    */
#define WORK_BURST  50
#define WORK_RATE   50000 /* thousandths a second                            */

struct fips_lookup_config fips_lookup_config_default(void)
{
	return (struct fips_lookup_config){
		.ttl = FIPS_LOOKUP_TTL,
		.attempts = { 1000, 2000, 4000, 8000 },
		.n_attempts = 4,
		.recent = 10000,
		.forward = 2000,
	};
}

bool fips_lookups_open(struct fips_lookups *l, const struct fips_lookup_config *config,
                       unsigned n_peers, const struct mr_rand *rand)
{
	*l = (struct fips_lookups){ .config = *config, .rand = *rand, .due = MR_NEVER };
	l->came = calloc(RECENT, sizeof *l->came);
	l->asked = calloc(IDS, sizeof *l->asked);
	l->own = calloc(FIPS_LOOKUPS_OWN, sizeof *l->own);
	if (l->came && l->asked && l->own && fips_aging_open(&l->recent, RECENT, rand) &&
	    fips_aging_open(&l->forwarded, FORWARDED, rand) &&
	    fips_aging_open(&l->ids, IDS, rand) && fips_lookups_reserve(l, n_peers))
		return true;
	fips_lookups_close(l);
	return false;
}

void fips_lookups_close(struct fips_lookups *l)
{
	fips_aging_close(&l->recent);
	fips_aging_close(&l->forwarded);
	fips_aging_close(&l->ids);
	free(l->came);
	free(l->asked);
	free(l->own);
	free(l->peers);
	*l = (struct fips_lookups){ .due = MR_NEVER };
}

void fips_lookups_configure(struct fips_lookups *l, const struct fips_lookup_config *config)
{
	l->config = *config;
}

bool fips_lookups_reserve(struct fips_lookups *l, unsigned n_peers)
{
	struct fips_lookup_peer *to;

	if (n_peers <= l->n_peers)
		return true;
	to = realloc(l->peers, n_peers * sizeof *to);
	if (!to)
		return false;
	memset(to + l->n_peers, 0, (n_peers - l->n_peers) * sizeof *to);
	l->peers = to;
	l->n_peers = n_peers;
	return true;
}

/* ---- who is there ---- */

void fips_lookups_peer_up(struct fips_lookups *l, unsigned peer, uint64_t now)
{
	struct fips_lookup_peer *p = &l->peers[peer];

	assert(peer < l->n_peers && !p->up && p->held == 0);
	p->up = true;
	fips_bucket_init(&p->answers, WORK_BURST, WORK_RATE, now);
	fips_bucket_init(&p->proofs, WORK_BURST, WORK_RATE, now);
	fips_lookups_hope(l);
}

/* Forget what came by this neighbour: the ring goes round once, without its entries. */
static void forget_all(struct fips_lookups *l, unsigned peer)
{
	struct fips_aging *t = &l->recent;

	for (uint32_t n = t->n; n; n--) {
		struct fips_aging_entry e = t->ring[t->oldest];
		struct fips_lookup_came came = l->came[t->oldest];

		fips_aging_forget(t);
		if (came.from != peer)
			l->came[fips_aging_add(t, &e.key, e.at)] = came;
	}
}

static void orphan_all(struct fips_lookups *l, unsigned peer)
{
	for (uint32_t i = 0; i < l->recent.n; i++) {
		struct fips_lookup_came *came = &l->came[(l->recent.oldest + i) & (RECENT - 1)];

		if (came->from == peer)
			came->from = FIPS_NO_PEER;
	}
	l->orphans += l->peers[peer].held;
}

/* Its requests stay known where they are few, so that copies of them are still that; answers to
 * them go nowhere. */
void fips_lookups_peer_down(struct fips_lookups *l, unsigned peer)
{
	struct fips_lookup_peer *p = &l->peers[peer];

	if (p->held && l->orphans + p->held <= ORPHANS)
		orphan_all(l, peer);
	else if (p->held)
		forget_all(l, peer);
	p->held = 0;
	p->up = false;
}

/* ---- where to ---- */

static void collect(const struct fips_lookup_filters *f, const struct fips_addr *target,
                    uint64_t id, unsigned from, bool tree, struct fips_lookup_ways *ways)
{
	unsigned start = f->n_peers ? (unsigned)(id % f->n_peers) : 0;

	for (unsigned i = 0; i < f->n_peers && ways->n < FIPS_LOOKUP_WAYS; i++) {
		unsigned peer = (start + i) % f->n_peers;

		if (peer != from && f->tree(f->self, peer) == tree &&
		    f->contains(f->self, peer, target))
			ways->peer[ways->n++] = peer;
	}
}

void fips_lookup_choose(const struct fips_lookup_filters *f, const struct fips_addr *target,
                        uint64_t id, unsigned from, struct fips_lookup_ways *ways)
{
	*ways = (struct fips_lookup_ways){ 0 };
	collect(f, target, id, from, true, ways);
	if (ways->n)
		return;
	collect(f, target, id, from, false, ways);
	ways->fallback = ways->n > 0;
}

/* ---- requests ---- */

static void purge(struct fips_lookups *l, uint64_t now)
{
	uint64_t life = l->config.recent * MR_NS_PER_MS;
	uint32_t slot;

	while ((slot = fips_aging_overdue(&l->recent, now, life)) != FIPS_AGING_NONE) {
		--*(l->came[slot].from == FIPS_NO_PEER ? &l->orphans :
		                                         &l->peers[l->came[slot].from].held);
		fips_aging_forget(&l->recent);
	}
}

/* Steps 2 to 5. */
static bool remember(struct fips_lookups *l, unsigned from, uint64_t id, uint64_t now)
{
	struct fips_addr key = fips_aging_id(id);
	struct fips_lookup_peer *p = &l->peers[from];

	purge(l, now);
	if (fips_aging_find(&l->ids, &key) != FIPS_AGING_NONE) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_OWN);
		return false;
	}
	if (fips_aging_find(&l->recent, &key) != FIPS_AGING_NONE) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_DUPLICATE);
		return false;
	}
	if (p->held >= l->recent.cap - l->recent.n) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_DEDUP_CACHE_FULL);
		return false;
	}
	l->came[fips_aging_add(&l->recent, &key, now)] = (struct fips_lookup_came){ .from = from };
	p->held++;
	return true;
}

static enum fips_lookup_verdict for_us(struct fips_lookups *l, unsigned from, uint64_t now)
{
	fips_lookup_count(l, FIPS_LOOKUP_REQ_TARGET_IS_US);
	if (fips_bucket_take(&l->peers[from].answers, now))
		return FIPS_LOOKUP_RESPOND;
	fips_lookup_count(l, FIPS_LOOKUP_REQ_ANSWER_LIMITED);
	return FIPS_LOOKUP_DROP;
}

/* Step 8.  What is as old as the interval no longer counts, so what is found does. */
static bool too_soon(struct fips_lookups *l, const struct fips_addr *target, uint64_t now)
{
	uint64_t interval = l->config.forward * MR_NS_PER_MS;

	if (interval)
		fips_aging_purge(&l->forwarded, now, interval - 1);
	return interval && fips_aging_find(&l->forwarded, target) != FIPS_AGING_NONE;
}

/* Step 9. */
static enum fips_lookup_verdict onward(struct fips_lookups *l, unsigned from,
                                       const struct fips_lookup_request *r,
                                       const struct fips_lookup_filters *f, uint64_t now,
                                       struct fips_lookup_ways *ways)
{
	fips_lookup_choose(f, &r->target, r->id, from, ways);
	if (ways->n == 0) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_NO_TREE_PEER);
		return FIPS_LOOKUP_DROP;
	}
	if (l->config.forward) {
		if (l->forwarded.n == l->forwarded.cap)
			fips_aging_forget(&l->forwarded);
		fips_aging_add(&l->forwarded, &r->target, now);
	}
	fips_lookup_count(l, FIPS_LOOKUP_REQ_FORWARDED);
	if (ways->fallback)
		fips_lookup_count(l, FIPS_LOOKUP_REQ_FALLBACK_FORWARDED);
	return FIPS_LOOKUP_FORWARD;
}

enum fips_lookup_verdict fips_lookups_request(struct fips_lookups *l, unsigned from,
                                              const struct fips_lookup_request *r,
                                              const struct fips_addr *me,
                                              const struct fips_lookup_filters *f, uint64_t now,
                                              struct fips_lookup_ways *ways)
{
	assert(from < l->n_peers && l->peers[from].up);
	if (!remember(l, from, r->id, now))
		return FIPS_LOOKUP_DROP;
	if (fips_addr_eq(&r->target, me))
		return for_us(l, from, now);
	if (r->ttl == 0) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_TTL_EXHAUSTED);
		return FIPS_LOOKUP_DROP;
	}
	if (too_soon(l, &r->target, now)) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_FORWARD_RATE_LIMITED);
		return FIPS_LOOKUP_DROP;
	}
	return onward(l, from, r, f, now, ways);
}

/* ---- responses ---- */

static enum fips_lookup_verdict refuse(struct fips_lookups *l, enum fips_lookup_count count)
{
	fips_lookup_count(l, count);
	return FIPS_LOOKUP_DROP;
}

static enum fips_lookup_verdict to_us(struct fips_lookups *l, unsigned from, uint32_t slot,
                                      const struct fips_lookup_response *r, uint64_t now)
{
	const struct fips_lookup_asked *asked = &l->asked[slot];
	struct fips_addr first = fips_coords_entry(&r->coords, 0);

	if (now - l->ids.ring[slot].at > ID_LIFE)
		return refuse(l, FIPS_LOOKUP_RESP_UNASKED);
	if (asked->answered)
		return refuse(l, FIPS_LOOKUP_RESP_DUPLICATE);
	if (!fips_addr_eq(&asked->target, &r->target) || !fips_addr_eq(&asked->target, &first))
		return refuse(l, FIPS_LOOKUP_RESP_FOREIGN);
	if (!fips_bucket_take(&l->peers[from].proofs, now))
		return refuse(l, FIPS_LOOKUP_RESP_LIMITED);
	return FIPS_LOOKUP_OWN;
}

enum fips_lookup_verdict fips_lookups_response(struct fips_lookups *l, unsigned from,
                                               const struct fips_lookup_response *r, uint64_t now,
                                               unsigned *peer)
{
	struct fips_addr key = fips_aging_id(r->id);
	uint32_t slot = fips_aging_find(&l->ids, &key);
	struct fips_lookup_came *came;

	assert(from < l->n_peers && l->peers[from].up);
	if (slot != FIPS_AGING_NONE)
		return to_us(l, from, slot, r, now);
	slot = fips_aging_find(&l->recent, &key);
	if (slot == FIPS_AGING_NONE)
		return refuse(l, FIPS_LOOKUP_RESP_UNASKED);
	came = &l->came[slot];
	if (came->answered)
		return refuse(l, FIPS_LOOKUP_RESP_DUPLICATE);
	came->answered = true;
	if (came->from == FIPS_NO_PEER)
		return refuse(l, FIPS_LOOKUP_RESP_NO_ROUTE);
	*peer = came->from;
	fips_lookup_count(l, FIPS_LOOKUP_RESP_FORWARDED);
	return FIPS_LOOKUP_FORWARD;
}

/* ---- counters ---- */

static const char *const names[FIPS_LOOKUP_COUNTS] = {
	[FIPS_LOOKUP_REQ_RECEIVED] = "req_received",
	[FIPS_LOOKUP_REQ_DECODE_ERROR] = "req_decode_error",
	[FIPS_LOOKUP_REQ_DUPLICATE] = "req_duplicate",
	[FIPS_LOOKUP_REQ_DEDUP_CACHE_FULL] = "req_dedup_cache_full",
	[FIPS_LOOKUP_REQ_TARGET_IS_US] = "req_target_is_us",
	[FIPS_LOOKUP_REQ_FORWARDED] = "req_forwarded",
	[FIPS_LOOKUP_REQ_FORWARD_RATE_LIMITED] = "req_forward_rate_limited",
	[FIPS_LOOKUP_REQ_TTL_EXHAUSTED] = "req_ttl_exhausted",
	[FIPS_LOOKUP_REQ_NO_TREE_PEER] = "req_no_tree_peer",
	[FIPS_LOOKUP_REQ_FALLBACK_FORWARDED] = "req_fallback_forwarded",
	[FIPS_LOOKUP_REQ_INITIATED] = "req_initiated",
	[FIPS_LOOKUP_REQ_DEDUPLICATED] = "req_deduplicated",
	[FIPS_LOOKUP_REQ_BACKOFF_SUPPRESSED] = "req_backoff_suppressed",
	[FIPS_LOOKUP_REQ_BLOOM_MISS] = "req_bloom_miss",
	[FIPS_LOOKUP_RESP_RECEIVED] = "resp_received",
	[FIPS_LOOKUP_RESP_DECODE_ERROR] = "resp_decode_error",
	[FIPS_LOOKUP_RESP_FORWARDED] = "resp_forwarded",
	[FIPS_LOOKUP_RESP_IDENTITY_MISS] = "resp_identity_miss",
	[FIPS_LOOKUP_RESP_PROOF_FAILED] = "resp_proof_failed",
	[FIPS_LOOKUP_RESP_ACCEPTED] = "resp_accepted",
	[FIPS_LOOKUP_RESP_NO_ROUTE] = "resp_no_route",
	[FIPS_LOOKUP_RESP_TIMED_OUT] = "resp_timed_out",
	[FIPS_LOOKUP_RESP_UNASKED] = "resp_unasked",
	[FIPS_LOOKUP_RESP_DUPLICATE] = "resp_duplicate",
	[FIPS_LOOKUP_RESP_FOREIGN] = "resp_foreign",
	[FIPS_LOOKUP_RESP_LIMITED] = "resp_limited",
	[FIPS_LOOKUP_REQ_OWN] = "req_own",
	[FIPS_LOOKUP_REQ_ANSWER_LIMITED] = "req_answer_limited",
	[FIPS_LOOKUP_REQ_TABLE_FULL] = "req_table_full",
	[FIPS_LOOKUP_REQ_TOO_BIG] = "req_too_big",
	[FIPS_LOOKUP_RESP_TOO_BIG] = "resp_too_big",
};

const char *fips_lookup_count_name(enum fips_lookup_count count)
{
	return names[count];
}
