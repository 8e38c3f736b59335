/* fmp-seal - seal the link layer, in place, and say where the frame goes.
 *
 *   1. each link of the vector is looked up once; what is too big for it is dropped, before it has
 *      a counter; the rest takes its counters in one go
 *   2. headers and operations are written
 *   3. all frames of the vector are sealed in one provider call
 *
 *   own       SessionDatagrams that fsp-seal made
 *   transit   SessionDatagrams of others, route has chosen their next hop
 *   control   link messages of our own
 *   out       frames, the neighbour's transport address beside each */

#include <string.h>

#include "core/stage.h"
#include "fips/path/link_seal.h"
#include "fips/path/snapshot.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/targets.h"
#include "stages/lib/words.h"

enum { OWN, TRANSIT, CONTROL };
enum { OUT };
enum { NO_LINK, TOO_BIG, KEY_USED_UP };

struct fmp_seal {
	struct mr_mesh       *mesh; /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
	bool                  shared; /* other replicas may seal under the same key */
};

/* One link of the vector. */
struct target {
	const struct fips_link_entry *entry; /* NULL: its packets are dropped for `why` */
	unsigned why;
	unsigned n;     /* its packets that fit    */
	size_t   most;  /* bytes of a message      */
	uint64_t first; /* its counters: n of them */
	uint64_t next;  /* of which this is the next */
	uint64_t bytes; /* of whole frames         */
};

struct batch {
	struct mr_targets links;
	struct target     target[MR_VECTOR]; /* [links.n] */
	unsigned          n;                 /* packets that are not too big */
	struct mr_pkt    *pkt[MR_VECTOR];
	unsigned          ops;
	struct mr_aead_op op[MR_VECTOR];
};

static int fmp_seal_open(void *self, struct mr_setup *s)
{
	struct fmp_seal *fs = self;

	fs->mesh = s->use[0];
	fs->aead = s->aead;
	fs->worker = s->worker;
	fs->shared = s->spread;
	return 0;
}

static struct target target_of(const struct fmp_seal *fs, uint64_t near)
{
	struct target to = { .entry = mr_table_at(fs->mesh->links, near), .why = NO_LINK };

	if (to.entry && !to.entry->send)
		to.entry = NULL;
	to.most = to.entry ? fips_link_message_max(to.entry->mtu) : SIZE_MAX;
	return to;
}

/* Step 1: who they are for.  Only what fits is left. */
static void find_links(const struct fmp_seal *fs, const struct mr_vector *v, struct batch *b,
                       struct mr_turn *turn)
{
	unsigned t = 0, known = 0;

	mr_targets_begin(&b->links);
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];

		if (i == 0 || p->near != b->links.handle[t])
			t = mr_target(&b->links, p->near);
		if (t == known)
			b->target[known++] = target_of(fs, p->near);
		if (p->len > b->target[t].most) {
			mr_drop(turn, TOO_BIG, p);
			continue;
		}
		b->target[t].n++;
		b->links.of[b->n] = (uint8_t)t;
		b->pkt[b->n++] = p;
	}
}

static void number(struct batch *b)
{
	for (unsigned i = 0; i < b->links.n; i++) {
		struct target *to = &b->target[i];

		if (!to->entry || to->n == 0)
			continue;
		if (!fips_number(to->entry->send, to->n, &to->first)) {
			to->entry = NULL;
			to->why = KEY_USED_UP;
			continue;
		}
		to->next = to->first;
	}
}

/* Step 2: headers and operations, in the order of the vector; what has none is dropped. */
static void write_ops(const struct fmp_seal *fs, bool forwarded, struct batch *b, struct mr_turn *t)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct target *to = &b->target[b->links.of[i]];
		struct mr_pkt *p = b->pkt[i];
		bool ce = forwarded && (p->flags & MR_FLAG_CE);

		if (!to->entry) {
			mr_drop(t, to->why, p);
			continue;
		}
		p->data = fips_link_seal_op(to->entry->send, fs->worker, to->next++, ce, t->now,
		                            p->data, p->len, &b->op[b->ops]);
		p->len += FIPS_LINK_OVERHEAD;
		p->mark = MR_SHAPE_FRAME;
		to->bytes += p->len;
		memcpy(mr_pkt_via(p), &to->entry->via, sizeof to->entry->via);
		b->pkt[b->ops++] = p;
	}
}

static void count_sent(const struct fmp_seal *fs, const struct batch *b, uint64_t now)
{
	for (unsigned i = 0; i < b->links.n; i++) {
		const struct target *to = &b->target[i];

		if (to->entry && to->n)
			fips_sent_run(to->entry->send, to->first, to->n, to->bytes,
			              fips_send_stamp(to->entry->send, now), false, fs->shared,
			              now);
	}
}

static void fmp_seal_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct fmp_seal *fs = self;
	struct batch b;

	b.n = b.ops = 0;
	find_links(fs, v, &b, t);
	number(&b);
	write_ops(fs, input == TRANSIT, &b, t);
	if (b.ops == 0)
		return;
	count_sent(fs, &b, t->now);
	fs->aead->seal(b.op, b.ops);
	for (unsigned i = 0; i < b.ops; i++)
		mr_emit(t, OUT, b.pkt[i]);
}

static void fmp_seal_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct mr_fips_snapshot *snapshot;

	(void)self;
	(void)t;
	if (order->kind != MR_ORD_SENT_REPORT)
		return;
	snapshot = mr_snapshot_of(order);
	snapshot->due = fips_sent_snapshot(order->p, &snapshot->sender);
}

const struct mr_kind mr_kind_fmp_seal = {
	.abi = MR_ABI, .name = "fmp-seal", .summary = "seal the link layer",
	.size = sizeof(struct fmp_seal),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "own", .view = "SessionDatagram from its type byte", .reaches = MR_ALL_OUTPUTS,
		  .numbered = true, .optional = true },
		{ "transit", .view = "SessionDatagram from its type byte", .reaches = MR_ALL_OUTPUTS,
		  .optional = true },
		{ "control", .view = "link message from its type byte", .reaches = MR_ALL_OUTPUTS,
		  .optional = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "FMP frame with its transport address", .numbered = true },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "no-link", .help = "the link is gone" },
		{ "too-big", .help = "larger than the link's MTU" },
		{ "key-used-up", .help = "the key has sealed all it may" },
		{ 0 } },
	.counters = (const struct mr_named[]){ { 0 } },
	.once = true, .affinities = 1 << MR_ANY | 1 << MR_PEER, .shards = 1 << MR_PEER,
	.window = FIPS_WINDOW,
	.open = fmp_seal_open, .order = fmp_seal_order, .process = fmp_seal_process,
};
