/* impair - lose, double, delay and reorder packets, as a seed has it.
 *
 *   in    any packet
 *   out   what is left of them
 *
 * What happens to the n-th packet of a replica follows from the seed, the replica's number and n
 * alone: a run repeats, whatever the vectors were.  Two queues, each in the order of its due times,
 * hold what is still to leave: `straight` those in arrival order, `late` those that were picked to
 * be overtaken.  Packets leave where there is sure to be room for them, in process() and pull(); a
 * deadline only asks for pull(). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "core/plugin.h"

#define KEPT    1024                /* packets a queue holds                            */
#define PLENTY  (KEPT - 2 * MR_VECTOR) /* more than this, and the input is held         */
#define HUNDRED 100.0

enum { LOSS, STOPPED };
enum { DOUBLED, LATE, DELAYED, NO_SPARE, HELD };
enum { DRAW_LOSS, DRAW_DOUBLE, DRAW_LATE, DRAW_JITTER, DRAWS };

struct waiting {
	uint64_t       due; /* ns, never below that of the one before it */
	struct mr_pkt *pkt;
};

struct queue {
	unsigned       head, n;
	struct waiting at[KEPT];
};

struct impair {
	uint64_t     seed;          /* setting                                */
	double       loss;          /* settings, percent                      */
	double       duplicate;
	double       reorder;
	uint64_t     delay;         /* settings, µs                           */
	uint64_t     jitter;
	uint64_t     reorder_by;
	uint64_t     stream;        /* the seed of this replica               */
	uint64_t     packets;       /* that came in so far                    */
	struct queue straight, late;
	bool         asked;         /* for pull(), which has not come yet     */
	bool         held;          /* the input                              */
};

/* ---- chance ---- */

/* The finalizer of splitmix64: each bit of the result hangs on each bit of x. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* In [0, 1), for the n-th packet and one kind of decision. */
static double draw(const struct impair *im, uint64_t n, unsigned decision)
{
	return (double)(mix(im->stream ^ mix(n * DRAWS + decision)) >> 11) * 0x1p-53;
}

static bool hits(const struct impair *im, uint64_t n, unsigned decision, double percent)
{
	return draw(im, n, decision) * HUNDRED < percent;
}

static int impair_open(void *self, struct mr_setup *s)
{
	struct impair *im = self;

	im->stream = mix(im->seed ^ mix(s->replica));
	return 0;
}

/* ---- queues ---- */

static struct waiting *first(struct queue *q)
{
	return q->n ? &q->at[q->head] : NULL;
}

/* A due time may not lie before that of the last one: jitter alone never reorders. */
static void put(struct queue *q, uint64_t due, struct mr_pkt *p)
{
	const struct waiting *last = q->n ? &q->at[(q->head + q->n - 1) % KEPT] : NULL;

	assert(q->n < KEPT);
	if (last && last->due > due)
		due = last->due;
	q->at[(q->head + q->n++) % KEPT] = (struct waiting){ due, p };
}

static struct mr_pkt *get(struct queue *q)
{
	struct mr_pkt *p = q->at[q->head].pkt;

	q->head = (q->head + 1) % KEPT;
	q->n--;
	return p;
}

/* The queue whose first is due first; those in order go before late ones. */
static struct queue *next(struct impair *im)
{
	const struct waiting *straight = first(&im->straight), *late = first(&im->late);

	if (!straight)
		return late ? &im->late : NULL;
	return late && late->due < straight->due ? &im->late : &im->straight;
}

/* ---- one packet ---- */

static struct mr_pkt *twin_of(const struct mr_pkt *p, struct mr_turn *t)
{
	struct mr_pkt *c = mr_spare(t);

	if (!c || p->len > mr_pkt_tailroom(c)) {
		mr_count(t, NO_SPARE, 1);
		if (c)
			mr_free(t, c);
		return NULL;
	}
	memcpy(mr_pkt_put(c, p->len), p->data, p->len);
	mr_pkt_learn(c, p);
	mr_made(t, 1);
	mr_count(t, DOUBLED, 1);
	return c;
}

static void decide(struct impair *im, struct mr_pkt *p, struct mr_turn *t)
{
	uint64_t n = im->packets++, wait = im->delay * MR_NS_PER_US;
	bool late = hits(im, n, DRAW_LATE, im->reorder);
	struct queue *q = late ? &im->late : &im->straight;
	struct mr_pkt *twin = NULL;

	if (hits(im, n, DRAW_LOSS, im->loss)) {
		mr_drop(t, LOSS, p);
		return;
	}
	wait += (uint64_t)(draw(im, n, DRAW_JITTER) * (double)(im->jitter * MR_NS_PER_US));
	wait += late ? im->reorder_by * MR_NS_PER_US : 0;
	if (hits(im, n, DRAW_DOUBLE, im->duplicate))
		twin = twin_of(p, t);
	put(q, t->now + wait, wait ? mr_own(t, p) : p);
	if (twin)
		put(q, t->now + wait, twin);
	mr_count(t, LATE, late);
	mr_count(t, DELAYED, wait > 0);
}

/* ---- in and out ---- */

static unsigned kept(const struct impair *im)
{
	return im->straight.n + im->late.n;
}

static void hold(struct impair *im, struct mr_turn *t)
{
	bool full = im->straight.n > PLENTY || im->late.n > PLENTY;

	if (full == im->held)
		return;
	im->held = full;
	mr_hold(t, 0, full);
	mr_count(t, HELD, full);
}

/* Emit what is due, as long as there is room; what is left asks for another call. */
static void release(struct impair *im, struct mr_turn *t)
{
	struct queue *q;

	while ((q = next(im)) && first(q)->due <= t->now && mr_room(t, 0))
		mr_emit(t, 0, get(q));
	im->asked = q && first(q)->due <= t->now;
	if (im->asked)
		mr_pull_again(t);
	hold(im, t);
}

static void impair_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct impair *im = self;
	unsigned before = kept(im);

	(void)input;
	for (unsigned i = 0; i < v->n; i++)
		decide(im, v->pkt[i], t);
	release(im, t);
	mr_keep(t, (int)kept(im) - (int)before);
}

static bool impair_pull(void *self, struct mr_turn *t)
{
	struct impair *im = self;
	unsigned before = kept(im);

	release(im, t);
	mr_keep(t, (int)kept(im) - (int)before);
	return im->asked;
}

static uint64_t impair_deadline(void *self)
{
	struct impair *im = self;
	struct queue *q = im->asked ? NULL : next(im);

	return q ? first(q)->due : MR_NEVER;
}

static void impair_timeout(void *self, struct mr_turn *t)
{
	struct impair *im = self;

	im->asked = true;
	mr_pull_again(t);
}

static void impair_flush(void *self, struct mr_turn *t)
{
	struct impair *im = self;
	struct queue *q;

	mr_keep(t, -(int)kept(im));
	while ((q = next(im)))
		mr_drop(t, STOPPED, get(q));
}

/* Where a graph is exchanged they come in again, and chance has another go at them. */
static unsigned impair_give(void *self, unsigned *input, struct mr_vector *v)
{
	struct impair *im = self;
	struct queue *q;

	*input = 0;
	while (v->n < MR_VECTOR && (q = next(im)))
		mr_vector_add(v, get(q));
	return v->n;
}

#define PERCENT .type = MR_REAL, .real_min = 0, .real_max = HUNDRED, .unit = "percent"
#define TIME    .type = MR_U64, .max = 10000000, .unit = "µs"

static const struct mr_field impair_fields[] = {
	{ .name = "seed", .type = MR_U64, MR_AT(struct impair, seed), .def = 1,
	  .help = "what chance follows from: the same seed, the same decisions" },
	{ .name = "loss", PERCENT, MR_AT(struct impair, loss), .help = "packets that are dropped" },
	{ .name = "duplicate", PERCENT, MR_AT(struct impair, duplicate),
	  .help = "packets that leave twice" },
	{ .name = "reorder", PERCENT, MR_AT(struct impair, reorder),
	  .help = "packets that are overtaken by those behind them" },
	{ .name = "delay", TIME, MR_AT(struct impair, delay), .help = "by which every packet is late" },
	{ .name = "jitter", TIME, MR_AT(struct impair, jitter),
	  .help = "up to which a packet is later still; does not reorder" },
	{ .name = "reorder_by", TIME, MR_AT(struct impair, reorder_by), .def = 1000,
	  .help = "by which a reordered packet is later still" },
	{ 0 }
};

static const struct mr_kind impair = {
	.abi = MR_ABI, .name = "impair", .summary = "lose, double, delay and reorder packets by a seed",
	.size = sizeof(struct impair), .fields = impair_fields,
	.inputs = (const struct mr_port[]){
		{ "in", .view = "any packet", .reaches = MR_OUT(0), .passes = true }, { 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "the same packet, or its copy", .passes = true }, { 0 } },
	.drops = (const struct mr_named[]){
		[LOSS] = { "loss", .help = "chance had it so" },
		[STOPPED] = { "stopped", .help = "still kept when the node stopped" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		[DOUBLED] = { "duplicated", .help = "packets that leave twice" },
		[LATE] = { "reordered", .help = "packets picked to be overtaken" },
		[DELAYED] = { "delayed", .help = "packets that were kept for a time" },
		[NO_SPARE] = { "no-spare", .help = "packets not doubled, for want of a buffer" },
		[HELD] = { "waits", .help = "times the input had to wait, since too many were kept" },
		{ 0 } },
	.makes = true, .keeps = 2 * KEPT, .affinities = MR_OUT(MR_ANY), .shards = MR_OUT(MR_ANY),
	.open = impair_open, .process = impair_process, .pull = impair_pull,
	.deadline = impair_deadline, .timeout = impair_timeout, .flush = impair_flush,
	.give = impair_give, .given_up = STOPPED,
};

const struct mr_plugin mr_plugin = {
	.abi = MR_ABI,
	.name = "impair",
	.version = PACKAGE_VERSION,
	.summary = "a bad path on any edge, for tests and experiments",
	.kinds = (const struct mr_kind *const[]){ &impair, NULL },
};
