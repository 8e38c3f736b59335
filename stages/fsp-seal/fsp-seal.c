/* fsp-seal - seal the session layer and write the envelope in front, in place.
 *
 *   1. each run of one session takes its counters in one go
 *   2. headers are written over the used-up IPv6 header, one operation a packet
 *   3. all packets of the vector are sealed in one provider call
 *
 *   out   SessionDatagrams from their type byte
 *
 * Number and seal happen under one key pointer in one call; a packet that has a counter leaves by
 * `out` and by no other way. */

#include "core/stage.h"
#include "fips/path/session_seal.h"
#include "fips/path/snapshot.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"

enum { OUT };
enum { NO_SESSION, KEY_USED_UP };

struct fsp_seal {
	struct mr_mesh       *mesh; /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
	bool                  shared; /* other replicas may seal under the same key */
};

/* What step 2 leaves for step 3. */
struct batch {
	unsigned            n;
	struct mr_aead_op   op[MR_VECTOR];
	struct mr_pkt      *pkt[MR_VECTOR];
};

static int fsp_seal_open(void *self, struct mr_setup *s)
{
	struct fsp_seal *fs = self;

	fs->mesh = s->use[0];
	fs->aead = s->aead;
	fs->worker = s->worker;
	fs->shared = s->spread;
	return 0;
}

static void drop_run(struct mr_vector *v, unsigned at, unsigned n, unsigned why, struct mr_turn *t)
{
	for (unsigned i = 0; i < n; i++)
		mr_drop(t, why, v->pkt[at + i]);
}

/* One packet: headers, envelope, operation.  Returns the bytes that reports count. */
static uint32_t seal_one(struct fsp_seal *fs, const struct fips_session_entry *e, uint64_t counter,
                         struct mr_pkt *p, struct mr_aead_op *op, uint64_t now)
{
	const struct fips_envelope envelope = { .src = fs->mesh->me.addr, .dest = e->peer,
		                                .path_mtu = p->limit };
	struct fips_sealing s;

	if (p->mark == MR_SHAPE_IP)
		s = fips_session_seal_ip(e->send, fs->worker, counter, now, &envelope, p->data,
		                         p->len, op);
	else
		s = fips_session_seal_body(e->send, fs->worker, counter, now, &envelope, p->data,
		                           p->len, op);
	p->data = s.at;
	p->len = (uint32_t)s.len;
	return s.count;
}

/* n packets of one session from `at` on. */
static void seal_run(struct fsp_seal *fs, struct mr_vector *v, unsigned at, unsigned n,
                     struct batch *b, struct mr_turn *t)
{
	const struct fips_session_entry *e = mr_table_at(fs->mesh->sessions, v->pkt[at]->far);
	uint64_t first, bytes = 0;
	bool data = false;

	if (!e || !e->live || !e->send) {
		drop_run(v, at, n, NO_SESSION, t);
		return;
	}
	if (!fips_number(e->send, n, &first)) {
		drop_run(v, at, n, KEY_USED_UP, t);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		struct mr_pkt *p = v->pkt[at + i];

		data |= p->mark == MR_SHAPE_IP || p->data[0] == FIPS_FSP_DATA;
		bytes += seal_one(fs, e, first + i, p, &b->op[b->n], t->now);
		p->mark = MR_SHAPE_DATAGRAM;
		b->pkt[b->n++] = p;
	}
	fips_sent_run(e->send, first, n, bytes, fips_send_stamp(e->send, t->now), data,
	              fs->shared, t->now);
}

static void fsp_seal_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct fsp_seal *fs = self;
	struct batch b;

	(void)input;
	b.n = 0;
	for (unsigned at = 0; at < v->n;) {
		unsigned n = 1;

		while (at + n < v->n && v->pkt[at + n]->far == v->pkt[at]->far)
			n++;
		seal_run(fs, v, at, n, &b, t);
		at += n;
	}
	if (b.n == 0)
		return;
	fs->aead->seal(b.op, b.n);
	for (unsigned i = 0; i < b.n; i++)
		mr_emit(t, OUT, b.pkt[i]);
}

static void fsp_seal_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct mr_fips_snapshot *snapshot;

	(void)self;
	(void)t;
	if (order->kind != MR_ORD_SENT_REPORT)
		return;
	snapshot = mr_snapshot_of(order);
	snapshot->due = fips_sent_snapshot(order->p, &snapshot->sender);
}

const struct mr_kind mr_kind_fsp_seal = {
	.abi = MR_ABI, .name = "fsp-seal", .summary = "seal the session layer",
	.size = sizeof(struct fsp_seal),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "bodies", .view = "IPv6 packet, or type byte and body from control",
		  .reaches = MR_ALL_OUTPUTS },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "SessionDatagram from its type byte", .numbered = true }, { 0 } },
	.drops = (const struct mr_named[]){
		{ "no-session", .help = "the session is gone or has no key yet" },
		{ "key-used-up", .help = "the key has sealed all it may" },
		{ 0 } },
	.counters = (const struct mr_named[]){ { 0 } },
	.once = true, .affinities = 1 << MR_ANY | 1 << MR_DESTINATION,
	.shards = 1 << MR_DESTINATION, .window = FIPS_WINDOW,
	.open = fsp_seal_open, .order = fsp_seal_order, .process = fsp_seal_process,
};
