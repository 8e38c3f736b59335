/* fmp-seal - seal the link layer, in place, and say where the frame goes.
 *
 *   1. what is too big for its link is dropped, before it has a counter
 *   2. each run of one link takes its counters in one go; headers and operations are written
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

struct batch {
	unsigned          n;
	struct mr_aead_op op[MR_VECTOR];
	struct mr_pkt    *pkt[MR_VECTOR];
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

/* Step 1: leave only what fits, moved together at the start of the run. */
static unsigned drop_oversize(const struct fips_link_entry *e, struct mr_pkt **pkt, unsigned n,
                              struct mr_turn *t)
{
	size_t most = fips_link_message_max(e->mtu);
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		if (pkt[i]->len > most)
			mr_drop(t, TOO_BIG, pkt[i]);
		else
			pkt[kept++] = pkt[i];
	}
	return kept;
}

static void drop_run(struct mr_pkt **pkt, unsigned n, unsigned why, struct mr_turn *t)
{
	for (unsigned i = 0; i < n; i++)
		mr_drop(t, why, pkt[i]);
}

/* Step 2: n messages to one neighbour. */
static void seal_run(struct fmp_seal *fs, struct mr_pkt **pkt, unsigned n, bool forwarded,
                     struct batch *b, struct mr_turn *t)
{
	const struct fips_link_entry *e = mr_table_at(fs->mesh->links, pkt[0]->near);
	uint64_t first, bytes = 0;

	if (!e || !e->send) {
		drop_run(pkt, n, NO_LINK, t);
		return;
	}
	n = drop_oversize(e, pkt, n, t);
	if (n == 0)
		return;
	if (!fips_number(e->send, n, &first)) {
		drop_run(pkt, n, KEY_USED_UP, t);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		struct mr_pkt *p = pkt[i];
		bool ce = forwarded && (p->flags & MR_FLAG_CE);

		p->data = fips_link_seal_op(e->send, fs->worker, first + i, ce, t->now, p->data, p->len,
		                            &b->op[b->n]);
		p->len += FIPS_LINK_OVERHEAD;
		p->mark = MR_SHAPE_FRAME;
		bytes += p->len;
		memcpy(mr_pkt_via(p), &e->via, sizeof e->via);
		b->pkt[b->n++] = p;
	}
	fips_sent_run(e->send, first, n, bytes, fips_send_stamp(e->send, t->now), false,
	              fs->shared, t->now);
}

static void fmp_seal_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct fmp_seal *fs = self;
	struct batch b;

	b.n = 0;
	for (unsigned at = 0; at < v->n;) {
		unsigned n = 1;

		while (at + n < v->n && v->pkt[at + n]->near == v->pkt[at]->near)
			n++;
		seal_run(fs, &v->pkt[at], n, input == TRANSIT, &b, t);
		at += n;
	}
	if (b.n == 0)
		return;
	fs->aead->seal(b.op, b.n);
	for (unsigned i = 0; i < b.n; i++)
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
