/* filters.c - neighbours' filters, and ours for each of them, in the order a filter goes through
 * here. */
#include "fips/node/filters.h"

#include <assert.h>
#include <stdlib.h>

#include "core/clock.h"
#include "fips/node/treepath.h"

/* From one announcement to the next that says the same.  A link that carries nothing for less than
 * it takes to call it dead loses all that was said meanwhile:
 * it is made good by the third or the fourth. */
static const uint64_t gaps[] = { 1 * MR_NS_PER_S, 4 * MR_NS_PER_S, 10 * MR_NS_PER_S,
	                         20 * MR_NS_PER_S, 60 * MR_NS_PER_S };

#define STEADY (sizeof gaps / sizeof gaps[0] - 1)

struct fips_filters_peer {
	bool     up;
	bool     tree;  /* a tree peer                                               */
	bool     known; /* it has announced a filter: seq, ones and in are valid     */
	uint64_t seq;   /* of the filter in force; 0: none                           */
	unsigned ones;

	bool     marked; /* to be told a new sequence; the next tick sees to it       */
	bool     fresh;  /* due is for a new sequence                                 */
	bool     told;   /* has been; sent_seq, sent_at and sent are valid            */
	bool     insist; /* repeat with new sequences (parent_changed)                */
	unsigned repeats; /* since sent_at, [0, STEADY]                               */
	uint64_t sent_seq;
	uint64_t sent_at; /* ns, the last new announcement                            */
	uint64_t due;    /* ns, MR_NEVER: nothing is                                  */

	struct fips_bloom in;   /* what it announced; empty while not known           */
	struct fips_bloom out;  /* F of the last tick                                 */
	struct fips_bloom sent; /* what it was told                                   */
};

static const char *const names[FIPS_FILTERS_COUNTS] = {
	[FIPS_FILTERS_ACCEPTED] = "accepted",
	[FIPS_FILTERS_DEBOUNCE_SUPPRESSED] = "debounce_suppressed",
	[FIPS_FILTERS_DECODE_ERROR] = "decode_error",
	[FIPS_FILTERS_FILL_EXCEEDED] = "fill_exceeded",
	[FIPS_FILTERS_INVALID] = "invalid",
	[FIPS_FILTERS_NON_V1] = "non_v1",
	[FIPS_FILTERS_RECEIVED] = "received",
	[FIPS_FILTERS_SEND_FAILED] = "send_failed",
	[FIPS_FILTERS_SENT] = "sent",
	[FIPS_FILTERS_STALE] = "stale",
	[FIPS_FILTERS_UNKNOWN_PEER] = "unknown_peer",
	[FIPS_FILTERS_FLOODED] = "flooded",
};

const char *fips_filters_count_name(enum fips_filters_count count)
{
	return names[count];
}

/* ---- set-up ---- */

struct fips_filters_settings fips_filters_settings_default(void)
{
	return (struct fips_filters_settings){ .max_fpr = 0.20, .debounce = 500 };
}

bool fips_filters_open(struct fips_filters *f, const struct fips_addr *me, unsigned peers,
                       const struct fips_filters_settings *settings, uint64_t seq)
{
	*f = (struct fips_filters){ .me = *me, .own = fips_probe_of(me), .seq = seq };
	fips_filters_configure(f, settings);
	return fips_filters_reserve(f, peers);
}

bool fips_filters_reserve(struct fips_filters *f, unsigned peers)
{
	struct fips_filters_peer *grown;

	if (peers <= f->n_peers)
		return true;
	grown = aligned_alloc(alignof(struct fips_filters_peer), peers * sizeof *grown);
	if (!grown)
		return false;
	memset(grown, 0, peers * sizeof *grown);
	if (f->n_peers)
		memcpy(grown, f->peers, f->n_peers * sizeof *grown);
	free(f->peers);
	f->peers = grown;
	f->n_peers = peers;
	return true;
}

void fips_filters_close(struct fips_filters *f)
{
	free(f->peers);
	*f = (struct fips_filters){ 0 };
}

void fips_filters_configure(struct fips_filters *f, const struct fips_filters_settings *settings)
{
	f->settings = *settings;
	f->cap = fips_bloom_cap(settings->max_fpr);
	f->debounce = settings->debounce * MR_NS_PER_MS;
}

/* ---- what happens ---- */

/* What it was told is old, and not worth repeating. */
static void mark(struct fips_filters_peer *p)
{
	p->marked = true;
	if (!p->fresh)
		p->due = MR_NEVER;
}

static void mark_all(struct fips_filters *f)
{
	for (unsigned i = 0; i < f->n_peers; i++)
		if (f->peers[i].up)
			mark(&f->peers[i]);
}

void fips_filters_peer_up(struct fips_filters *f, unsigned peer)
{
	assert(peer < f->n_peers && !f->peers[peer].up);
	f->peers[peer] = (struct fips_filters_peer){ .up = true, .marked = true, .due = MR_NEVER };
	f->dirty = true;
}

void fips_filters_peer_down(struct fips_filters *f, unsigned peer)
{
	assert(peer < f->n_peers && f->peers[peer].up);
	if (f->peers[peer].known)
		f->generation++;
	f->peers[peer] = (struct fips_filters_peer){ 0 };
	f->dirty = true;
	mark_all(f);
}

void fips_filters_tree_peer(struct fips_filters *f, unsigned peer, bool is)
{
	struct fips_filters_peer *p = &f->peers[peer];

	assert(peer < f->n_peers);
	if (!p->up || p->tree == is)
		return;
	p->tree = is;
	f->dirty = true;
}

void fips_filters_parent_changed(struct fips_filters *f, unsigned parent)
{
	assert(parent == FIPS_NO_PEER || parent < f->n_peers);
	mark_all(f);
	for (unsigned i = 0; i < f->n_peers; i++)
		f->peers[i].insist = i == parent;
}

static enum fips_filters_count judge(const struct fips_filters *f, unsigned peer,
                                     const struct fips_filter *got, unsigned ones)
{
	if (peer >= f->n_peers || !f->peers[peer].up)
		return FIPS_FILTERS_UNKNOWN_PEER;
	if (got->seq <= f->peers[peer].seq)
		return FIPS_FILTERS_STALE;
	return ones > f->cap ? FIPS_FILTERS_FILL_EXCEEDED : FIPS_FILTERS_ACCEPTED;
}

static void accept(struct fips_filters *f, struct fips_filters_peer *p, uint64_t seq,
                   const struct fips_bloom *bits, unsigned ones)
{
	p->known = true;
	p->seq = seq;
	p->ones = ones;
	if (fips_bloom_eq(&p->in, bits))
		return;
	p->in = *bits;
	f->generation++;
	f->dirty |= p->tree;
}

static enum fips_filters_count take_in(struct fips_filters *f, unsigned peer,
                                       const uint8_t *message, size_t n)
{
	enum fips_filters_count verdict;
	struct fips_filter got;
	struct fips_bloom bits;
	unsigned ones;

	switch (fips_filter_parse(message, n, &got)) {
	case FIPS_FILTER_PARSED:    break;
	case FIPS_FILTER_MALFORMED: return FIPS_FILTERS_DECODE_ERROR;
	case FIPS_FILTER_FOREIGN:   return FIPS_FILTERS_INVALID;
	}
	memcpy(bits.b, got.bits, sizeof bits.b);
	ones = fips_bloom_ones(&bits);
	verdict = judge(f, peer, &got, ones);
	if (verdict == FIPS_FILTERS_ACCEPTED)
		accept(f, &f->peers[peer], got.seq, &bits, ones);
	return verdict;
}

enum fips_filters_count fips_filters_received(struct fips_filters *f, unsigned peer,
                                              const uint8_t *message, size_t n)
{
	enum fips_filters_count verdict = take_in(f, peer, message, n);

	f->counts[FIPS_FILTERS_RECEIVED]++;
	f->counts[verdict]++;
	return verdict;
}

/* ---- what each is to be told ---- */

/* F for all at once.  The first pass, from the last slot, leaves in each tree peer's place the
 * union of those behind it; the second adds the union of those before it. */
static void compute(struct fips_filters *f)
{
	struct fips_bloom before = { { 0 } }, all = { { 0 } };

	for (unsigned i = f->n_peers; i-- > 0;) {
		struct fips_filters_peer *p = &f->peers[i];

		if (!p->tree)
			continue;
		p->out = all;
		fips_bloom_merge(&all, &p->in);
	}
	fips_bloom_insert(&all, &f->own);
	fips_bloom_insert(&before, &f->own);
	for (unsigned i = 0; i < f->n_peers; i++) {
		struct fips_filters_peer *p = &f->peers[i];

		if (p->tree) {
			fips_bloom_merge(&p->out, &before);
			fips_bloom_merge(&before, &p->in);
		} else if (p->up) {
			p->out = all;
		}
		if (p->told && !fips_bloom_eq(&p->out, &p->sent))
			mark(p);
	}
	f->dirty = false;
}

void fips_filters_tick(struct fips_filters *f, uint64_t now)
{
	if (f->dirty)
		compute(f);
	for (unsigned i = 0; i < f->n_peers; i++) {
		struct fips_filters_peer *p = &f->peers[i];

		if (!p->marked)
			continue;
		if (p->told && now - p->sent_at < f->debounce) {
			f->counts[FIPS_FILTERS_DEBOUNCE_SUPPRESSED]++;
			continue;
		}
		p->marked = false;
		p->fresh = true;
		p->due = now;
	}
}

/* ---- telling them ---- */

uint64_t fips_filters_due(const struct fips_filters *f, unsigned peer)
{
	return f->peers[peer].up ? f->peers[peer].due : MR_NEVER;
}

static void say_new(struct fips_filters *f, struct fips_filters_peer *p)
{
	p->sent_seq = ++f->seq;
	p->sent = p->out;
	p->told = true;
}

bool fips_filters_take(struct fips_filters *f, unsigned peer, uint64_t now,
                       uint8_t out[FIPS_FILTER_LEN])
{
	struct fips_filters_peer *p = &f->peers[peer];

	if (fips_filters_due(f, peer) > now)
		return false;
	if (p->fresh) {
		say_new(f, p);
		p->fresh = false;
		p->sent_at = now;
		p->repeats = 0;
	} else {
		if (p->insist)
			say_new(f, p);
		p->repeats += p->repeats < STEADY;
		p->insist &= p->repeats < 2;
	}
	p->due = now + gaps[p->repeats];
	fips_filter_build(out, &(struct fips_filter){ .seq = p->sent_seq, .bits = p->sent.b });
	f->counts[FIPS_FILTERS_SENT]++;
	return true;
}

/* ---- what is known ---- */

bool fips_filters_has(const struct fips_filters *f, unsigned peer, const struct fips_probe *probe)
{
	return fips_bloom_has(&f->peers[peer].in, probe);
}

bool fips_filters_any(const struct fips_filters *f, const struct fips_probe *probe, bool tree)
{
	for (unsigned i = 0; i < f->n_peers; i++)
		if ((f->peers[i].tree || !tree) && fips_filters_has(f, i, probe))
			return true;
	return false;
}

bool fips_filters_info(const struct fips_filters *f, unsigned peer, struct fips_filters_info *out)
{
	const struct fips_filters_peer *p = &f->peers[peer];

	*out = (struct fips_filters_info){ .seq = p->seq, .ones = p->ones, .tree = p->tree };
	out->estimated = p->known && fips_bloom_estimate(p->ones, f->cap, &out->count);
	return p->known;
}

bool fips_filters_told(const struct fips_filters *f, unsigned peer, struct fips_filters_info *out)
{
	const struct fips_filters_peer *p = &f->peers[peer];

	*out = (struct fips_filters_info){ .seq = p->sent_seq, .tree = p->tree };
	if (!p->told)
		return false;
	out->ones = fips_bloom_ones(&p->sent);
	out->estimated = fips_bloom_estimate(out->ones, f->cap, &out->count);
	return true;
}

bool fips_filters_mesh_size(const struct fips_filters *f, double *count)
{
	struct fips_bloom all = { { 0 } };

	fips_bloom_insert(&all, &f->own);
	for (unsigned i = 0; i < f->n_peers; i++)
		if (f->peers[i].known)
			fips_bloom_merge(&all, &f->peers[i].in);
	return fips_bloom_estimate(fips_bloom_ones(&all), f->cap, count);
}
