/* fsp-seal - seal the session layer and write the envelope in front, in place.
 *
 *   1. each session of the vector is looked up once and takes its counters in one go
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
#include "stages/lib/targets.h"
#include "stages/lib/words.h"

enum { OUT };
enum { NO_SESSION, KEY_USED_UP };

struct fsp_seal {
	struct mr_mesh       *mesh; /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
	bool                  shared; /* other replicas may seal under the same key */
};

/* One session of the vector. */
struct target {
	const struct fips_session_entry *entry; /* NULL: its packets are dropped for `why` */
	unsigned why;
	unsigned n;     /* its packets            */
	uint64_t first; /* its counters: n of them */
	uint64_t next;  /* of which this is the next */
	uint64_t bytes; /* that reports count     */
	bool     data;
};

/* What steps 1 and 2 leave for step 3. */
struct batch {
	struct mr_targets sessions;
	struct target     target[MR_VECTOR]; /* [sessions.n] */
	unsigned          n;
	struct mr_aead_op op[MR_VECTOR];
	struct mr_pkt    *pkt[MR_VECTOR];
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

static struct target target_of(const struct fsp_seal *fs, uint64_t far)
{
	struct target to = { .entry = mr_table_at(fs->mesh->sessions, far), .why = NO_SESSION };

	if (to.entry && (!to.entry->live || !to.entry->send))
		to.entry = NULL;
	return to;
}

/* Step 1: whose packets these are. */
static void find_sessions(const struct fsp_seal *fs, const struct mr_vector *v, struct batch *b)
{
	unsigned t = 0, known = 0;

	mr_targets_begin(&b->sessions);
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t far = v->pkt[i]->far;

		if (i == 0 || far != b->sessions.handle[t])
			t = mr_target(&b->sessions, far);
		if (t == known)
			b->target[known++] = target_of(fs, far);
		b->target[t].n++;
		b->sessions.of[i] = (uint8_t)t;
	}
}

static void number(struct batch *b)
{
	for (unsigned i = 0; i < b->sessions.n; i++) {
		struct target *to = &b->target[i];

		if (to->entry && !fips_number(to->entry->send, to->n, &to->first)) {
			to->entry = NULL;
			to->why = KEY_USED_UP;
		}
		to->next = to->first;
	}
}

/* Step 2: headers and operations, in the order of the vector. */
static void write_ops(struct fsp_seal *fs, const struct mr_vector *v, struct batch *b,
                      struct mr_turn *t)
{
	for (unsigned i = 0; i < v->n; i++) {
		struct target *to = &b->target[b->sessions.of[i]];
		struct mr_pkt *p = v->pkt[i];

		if (!to->entry) {
			mr_drop(t, to->why, p);
			continue;
		}
		to->data |= p->mark == MR_SHAPE_IP || p->data[0] == FIPS_FSP_DATA;
		to->bytes += seal_one(fs, to->entry, to->next++, p, &b->op[b->n], t->now);
		p->mark = MR_SHAPE_DATAGRAM;
		b->pkt[b->n++] = p;
	}
}

static void count_sent(const struct fsp_seal *fs, const struct batch *b, uint64_t now)
{
	for (unsigned i = 0; i < b->sessions.n; i++) {
		const struct target *to = &b->target[i];

		if (to->entry)
			fips_sent_run(to->entry->send, to->first, to->n, to->bytes,
			              fips_send_stamp(to->entry->send, now), to->data, fs->shared,
			              now);
	}
}

static void fsp_seal_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct fsp_seal *fs = self;
	struct batch b;

	(void)input;
	b.n = 0;
	find_sessions(fs, v, &b);
	number(&b);
	write_ops(fs, v, &b, t);
	if (b.n == 0)
		return;
	count_sent(fs, &b, t->now);
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
