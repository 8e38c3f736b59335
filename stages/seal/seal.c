/* seal - seal frames that were numbered before: the session layer, then the link layer.
 *
 *   frames   from fmp-number; pkt->near is the handle of the link's key, pkt->far that of the
 *            session's, whose seal is to be set where pkt->mark is MR_SHAPE_CLEAR
 *   out      the same frames, sealed
 *
 * Needs nothing but the frame and its keys, so any number of replicas may share one flow's frames
 * (affinity deal).  Both layers of a vector are one provider call each.  A key that is gone is no
 * reason to seal under another one: the frame ends here. */

#include "core/stage.h"
#include "fips/path/written.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"

enum { OUT };
enum { KEY_GONE, MALFORMED };

struct seal {
	struct mr_mesh       *mesh; /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
};

/* The key of a run. */
struct known {
	uint64_t                    handle;
	const struct fips_key_entry *key; /* NULL: gone */
};

/* What makes the operation of one layer. */
typedef bool (*written_op)(const struct fips_send_key *key, unsigned worker, uint8_t *frame,
                           size_t n, struct mr_aead_op *op);

static int seal_open(void *self, struct mr_setup *s)
{
	struct seal *se = self;

	se->mesh = s->use[0];
	se->aead = s->aead;
	se->worker = s->worker;
	return 0;
}

static const struct fips_key_entry *look_up(const struct seal *se, struct known *k, uint64_t handle)
{
	if (k->handle != handle) {
		k->handle = handle;
		k->key = mr_table_at(se->mesh->keys, handle);
	}
	return k->key;
}

/* The operation of one layer of a frame; false after the frame was dropped. */
static bool make_op(const struct seal *se, struct known *k, uint64_t handle, written_op write,
                    struct mr_pkt *p, struct mr_aead_op *op, struct mr_turn *t)
{
	const struct fips_key_entry *e = look_up(se, k, handle);

	if (!e) {
		mr_drop(t, KEY_GONE, p);
		return false;
	}
	if (!write(e->send, se->worker, p->data, p->len, op)) {
		mr_drop(t, MALFORMED, p);
		return false;
	}
	return true;
}

/* Sessions first: their tags are text of the links. */
static void seal_sessions(const struct seal *se, struct mr_vector *v, struct mr_turn *t)
{
	struct known known = { .handle = MR_NO_HANDLE };
	struct mr_aead_op op[MR_VECTOR];
	unsigned n = 0, ops = 0;

	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];

		if (p->mark == MR_SHAPE_CLEAR) {
			if (!make_op(se, &known, p->far, fips_session_written_op, p, &op[ops], t))
				continue;
			ops++;
		}
		v->pkt[n++] = p;
	}
	v->n = n;
	if (ops)
		se->aead->seal(op, ops);
}

static void seal_links(const struct seal *se, struct mr_vector *v, struct mr_turn *t)
{
	struct known known = { .handle = MR_NO_HANDLE };
	struct mr_aead_op op[MR_VECTOR];
	unsigned n = 0;

	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];

		if (make_op(se, &known, p->near, fips_link_written_op, p, &op[n], t))
			v->pkt[n++] = p;
	}
	v->n = n;
	if (n)
		se->aead->seal(op, n);
}

static void seal_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct seal *se = self;

	(void)input;
	seal_sessions(se, v, t);
	seal_links(se, v, t);
	for (unsigned i = 0; i < v->n; i++) {
		v->pkt[i]->near = v->pkt[i]->far = MR_NO_HANDLE;
		v->pkt[i]->mark = MR_SHAPE_FRAME;
		mr_emit(t, OUT, v->pkt[i]);
	}
}

const struct mr_kind mr_kind_seal = {
	.abi = MR_ABI, .name = "seal", .summary = "seal both layers of numbered frames",
	.size = sizeof(struct seal),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame with its transport address, not sealed",
		  .reaches = MR_ALL_OUTPUTS, .numbered = true, .sort = "numbered frames" },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "FMP frame with its transport address", .numbered = true },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "key-gone", .help = "the key it was numbered under has been retired" },
		{ "malformed", .help = "no frame that fmp-number wrote" },
		{ 0 } },
	.counters = (const struct mr_named[]){ { 0 } },
	.affinities = 1 << MR_ANY | 1 << MR_DEAL, .shards = 1 << MR_ANY | 1 << MR_DEAL,
	.open = seal_open, .process = seal_process,
};
