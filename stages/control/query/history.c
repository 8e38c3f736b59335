#include "stages/control/query/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct history_metric history_node_metrics[HISTORY_NODE_METRICS] = {
	[HISTORY_MESH_SIZE] = { "mesh_size", "nodes", HISTORY_LAST },
	[HISTORY_TREE_DEPTH] = { "tree_depth", "hops", HISTORY_LAST },
	[HISTORY_PEER_COUNT] = { "peer_count", "peers", HISTORY_LAST },
	[HISTORY_PARENT_SWITCHES] = { "parent_switches", "events/s", HISTORY_SUM },
	[HISTORY_BYTES_IN] = { "bytes_in", "bytes/s", HISTORY_MEAN },
	[HISTORY_BYTES_OUT] = { "bytes_out", "bytes/s", HISTORY_MEAN },
	[HISTORY_PACKETS_IN] = { "packets_in", "packets/s", HISTORY_MEAN },
	[HISTORY_PACKETS_OUT] = { "packets_out", "packets/s", HISTORY_MEAN },
	[HISTORY_LOSS_RATE] = { "loss_rate", "fraction", HISTORY_MEAN },
	[HISTORY_SESSIONS] = { "active_sessions", "sessions", HISTORY_LAST },
};

const struct history_metric history_peer_metrics[HISTORY_PEER_METRICS] = {
	[HISTORY_PEER_SRTT] = { "srtt_ms", "ms", HISTORY_MEAN },
	[HISTORY_PEER_LOSS] = { "loss_rate", "fraction", HISTORY_MEAN },
	[HISTORY_PEER_BYTES_IN] = { "bytes_in", "bytes/s", HISTORY_MEAN },
	[HISTORY_PEER_BYTES_OUT] = { "bytes_out", "bytes/s", HISTORY_MEAN },
	[HISTORY_PEER_PACKETS_IN] = { "packets_in", "packets/s", HISTORY_MEAN },
	[HISTORY_PEER_PACKETS_OUT] = { "packets_out", "packets/s", HISTORY_MEAN },
	[HISTORY_PEER_CE] = { "ecn_ce", "events/s", HISTORY_SUM },
};

/* Samples not folded yet; those that are missing are left out. */
struct fold {
	double   sum, last;
	unsigned n;
};

/* Both rings of `width` metrics: moment by moment, a moment's metrics side by side. */
struct rings {
	float      *fast, *slow; /* owned: HISTORY_FAST and HISTORY_SLOW moments        */
	struct fold fold[HISTORY_NODE_METRICS];
	uint64_t    first;       /* moments from this one on are there, the others missing */
};

struct history_peer {
	struct fips_addr addr;
	uint64_t         first_at, last_at; /* ns */
	uint64_t         seen;    /* the moment after the last one it was there in       */
	uint64_t         total[HISTORY_PEER_METRICS]; /* of counters, in that moment      */
	struct rings     rings;
};

struct history {
	uint64_t             moments; /* samples taken so far                             */
	double               traffic[HISTORY_NODE_METRICS]; /* of the sample being taken  */
	uint64_t             switches; /* parent switches in the last sample              */
	struct rings         rings;
	unsigned             n;
	struct history_peer *peer[HISTORY_PEERS]; /* owned, n of them                     */
};

/* ---- rings ---- */

_Static_assert((int)HISTORY_PEER_METRICS <= (int)HISTORY_NODE_METRICS, "fold has room for either");

static bool rings_open(struct rings *r, unsigned width, uint64_t first)
{
	*r = (struct rings){ .first = first };
	r->fast = calloc((size_t)HISTORY_FAST * width, sizeof *r->fast);
	r->slow = calloc((size_t)HISTORY_SLOW * width, sizeof *r->slow);
	return r->fast && r->slow;
}

static void rings_close(struct rings *r)
{
	free(r->fast);
	free(r->slow);
}

static float folded(const struct fold *f, enum history_fold how)
{
	if (f->n == 0)
		return NAN;
	if (how == HISTORY_LAST)
		return (float)f->last;
	return (float)(how == HISTORY_SUM ? f->sum : f->sum / f->n);
}

/* The values of a moment; at the end of a minute, those of the minute. */
static void rings_push(struct rings *r, const struct history_metric *metric, unsigned width,
                       uint64_t moment, const double *v)
{
	float *fast = r->fast + moment % HISTORY_FAST * width;
	float *slow = r->slow + moment / HISTORY_FOLD % HISTORY_SLOW * width;
	bool whole = (moment + 1) % HISTORY_FOLD == 0;

	for (unsigned i = 0; i < width; i++) {
		struct fold *f = &r->fold[i];

		fast[i] = (float)v[i];
		if (!isnan(v[i])) {
			f->sum += v[i];
			f->last = v[i];
			f->n++;
		}
		if (!whole)
			continue;
		slow[i] = folded(f, metric[i].fold);
		*f = (struct fold){ 0 };
	}
}

/* The last n of `count` moments, of which those before `first` are missing. */
static void ring_read(const float *ring, unsigned size, unsigned width, unsigned metric,
                      uint64_t count, uint64_t first, unsigned n, float *out)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t back = n - i;

		out[i] = back > count || count - back < first ?
		                 NAN :
		                 ring[(count - back) % size * width + metric];
	}
}

/* ---- the whole ---- */

struct history *mr_history_open(void)
{
	struct history *h = calloc(1, sizeof *h);

	if (h && !rings_open(&h->rings, HISTORY_NODE_METRICS, 0)) {
		mr_history_close(h);
		return NULL;
	}
	return h;
}

static void forget(struct history *h, unsigned i)
{
	rings_close(&h->peer[i]->rings);
	free(h->peer[i]);
	h->peer[i] = h->peer[--h->n];
}

void mr_history_close(struct history *h)
{
	if (!h)
		return;
	while (h->n)
		forget(h, h->n - 1);
	rings_close(&h->rings);
	free(h);
}

static struct history_peer *find(const struct history *h, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < h->n; i++)
		if (fips_addr_eq(&h->peer[i]->addr, addr))
			return h->peer[i];
	return NULL;
}

/* Room for one more: false while all that are kept are there. */
static bool make_room(struct history *h)
{
	unsigned oldest = 0;

	if (h->n < HISTORY_PEERS)
		return true;
	for (unsigned i = 1; i < h->n; i++)
		if (h->peer[i]->seen < h->peer[oldest]->seen)
			oldest = i;
	if (h->peer[oldest]->seen >= h->moments)
		return false;
	forget(h, oldest);
	return true;
}

static struct history_peer *add(struct history *h, const struct fips_addr *addr, uint64_t now)
{
	struct history_peer *p = make_room(h) ? calloc(1, sizeof *p) : NULL;

	if (!p)
		return NULL;
	if (!rings_open(&p->rings, HISTORY_PEER_METRICS, h->moments)) {
		rings_close(&p->rings);
		free(p);
		return NULL;
	}
	p->addr = *addr;
	p->first_at = now;
	h->peer[h->n++] = p;
	return p;
}

/* Growth of a counter; NaN when it is new, was away a while, or began anew. */
static double growth(struct history_peer *p, unsigned metric, uint64_t total, bool known)
{
	uint64_t before = p->total[metric];

	p->total[metric] = total;
	return known && total >= before ? (double)(total - before) : NAN;
}

static void add_traffic(struct history *h, const double *v)
{
	static const unsigned of[][2] = {
		{ HISTORY_BYTES_IN, HISTORY_PEER_BYTES_IN },
		{ HISTORY_BYTES_OUT, HISTORY_PEER_BYTES_OUT },
		{ HISTORY_PACKETS_IN, HISTORY_PEER_PACKETS_IN },
		{ HISTORY_PACKETS_OUT, HISTORY_PEER_PACKETS_OUT },
	};

	for (unsigned i = 0; i < sizeof of / sizeof of[0]; i++) {
		if (!isnan(v[of[i][1]]))
			h->traffic[of[i][0]] += v[of[i][1]];
	}
}

void mr_history_link(struct history *h, const struct history_link *link, uint64_t now)
{
	struct history_peer *p = find(h, &link->addr);
	double v[HISTORY_PEER_METRICS];
	bool known;

	if (!p)
		p = add(h, &link->addr, now);
	if (!p)
		return;
	known = p->seen && p->seen == h->moments;
	v[HISTORY_PEER_SRTT] = link->srtt_ms;
	v[HISTORY_PEER_LOSS] = link->loss;
	v[HISTORY_PEER_BYTES_IN] = growth(p, HISTORY_PEER_BYTES_IN, link->bytes_in, known);
	v[HISTORY_PEER_BYTES_OUT] = growth(p, HISTORY_PEER_BYTES_OUT, link->bytes_out, known);
	v[HISTORY_PEER_PACKETS_IN] = growth(p, HISTORY_PEER_PACKETS_IN, link->packets_in, known);
	v[HISTORY_PEER_PACKETS_OUT] = growth(p, HISTORY_PEER_PACKETS_OUT, link->packets_out, known);
	v[HISTORY_PEER_CE] = growth(p, HISTORY_PEER_CE, link->ce, known);
	rings_push(&p->rings, history_peer_metrics, HISTORY_PEER_METRICS, h->moments, v);
	p->seen = h->moments + 1;
	p->last_at = now;
	add_traffic(h, v);
}

/* Who is not there has nothing in this moment, and goes when that has been so for long. */
static void see_to_absent(struct history *h, uint64_t now)
{
	double none[HISTORY_PEER_METRICS];

	for (unsigned i = 0; i < HISTORY_PEER_METRICS; i++)
		none[i] = NAN;
	for (unsigned i = h->n; i-- > 0;) {
		struct history_peer *p = h->peer[i];

		if (p->seen == h->moments + 1)
			continue;
		if (now - p->last_at >= HISTORY_RETAIN)
			forget(h, i);
		else
			rings_push(&p->rings, history_peer_metrics, HISTORY_PEER_METRICS,
			           h->moments, none);
	}
}

void mr_history_sample(struct history *h, const struct history_gauges *g, uint64_t now)
{
	double *v = h->traffic;

	see_to_absent(h, now);
	v[HISTORY_MESH_SIZE] = g->mesh_size;
	v[HISTORY_TREE_DEPTH] = g->tree_depth;
	v[HISTORY_PEER_COUNT] = (double)g->peers;
	v[HISTORY_PARENT_SWITCHES] = (double)(g->parent_switches - h->switches);
	v[HISTORY_LOSS_RATE] = g->loss;
	v[HISTORY_SESSIONS] = (double)g->sessions;
	rings_push(&h->rings, history_node_metrics, HISTORY_NODE_METRICS, h->moments, v);
	memset(h->traffic, 0, sizeof h->traffic);
	h->switches = g->parent_switches;
	h->moments++;
}

/* ---- reading ---- */

const struct history_peer *mr_history_find(const struct history *h, const struct fips_addr *addr)
{
	return find(h, addr);
}

const struct history_peer *mr_history_next(const struct history *h, unsigned *at)
{
	return *at < h->n ? h->peer[(*at)++] : NULL;
}

const struct fips_addr *mr_history_addr(const struct history_peer *p)
{
	return &p->addr;
}

bool mr_history_there(const struct history *h, const struct history_peer *p)
{
	return p->seen == h->moments;
}

uint64_t mr_history_first(const struct history_peer *p)
{
	return p->first_at;
}

uint64_t mr_history_last(const struct history_peer *p)
{
	return p->last_at;
}

unsigned mr_history_count(const struct history *h, unsigned most)
{
	return h->moments < most ? (unsigned)h->moments : most;
}

/* A minute that was not there from its beginning is there all the same. */
void mr_history_read(const struct history *h, const struct history_peer *p, unsigned metric,
                     bool slow, unsigned n, float *out)
{
	const struct rings *r = p ? &p->rings : &h->rings;
	unsigned width = p ? HISTORY_PEER_METRICS : HISTORY_NODE_METRICS;

	if (slow)
		ring_read(r->slow, HISTORY_SLOW, width, metric, h->moments / HISTORY_FOLD,
		          r->first / HISTORY_FOLD, n, out);
	else
		ring_read(r->fast, HISTORY_FAST, width, metric, h->moments, r->first, n, out);
}
