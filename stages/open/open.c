/* open - open both layers of frames, before their order counts: what fmp-open and fsp-open then
 * accept.
 *
 *   frames   frames of a live key, from rx
 *   out      the frame, opened in place: pkt->seq is the id of the link's key
 *
 *   1. the receiver index selects the link's key                      one provider call
 *   2. of what is for us, a key of the session's, the one that last    one provider call
 *      opened something first
 *
 * Needs no window and changes no state, so any number of replicas may share one flow's frames
 * (affinity deal); a repeated frame is opened again and refused by who accepts.  A session's
 * message that no key opens goes on as it came, and fsp-open says what that means.  MR_FLAG_OPENED
 * and pkt->far, the id of the session's key, tell the others. */

#include <string.h>

#include "core/stage.h"
#include "fips/wire/datagram.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"

#define HINTS 64

enum { OUT };
enum { UNKNOWN_INDEX, NOT_YET, FORGED, MALFORMED };
enum { RETRIED };

struct open {
	struct mr_mesh       *mesh; /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
	uint64_t              hint[HINTS]; /* by a byte of the session's address: id of a key */
};

/* A message for us, and the keys that may open it. */
struct inside {
	struct mr_pkt              *pkt;
	uint8_t                    *message; /* the FSP message                        */
	struct fips_fsp_sealed      sealed;
	uint64_t                   *hint;
	const struct fips_recv_key *key[FIPS_SESSION_KEYS];
	unsigned                    keys;
};

static int open_open(void *self, struct mr_setup *s)
{
	struct open *o = self;

	o->mesh = s->use[0];
	o->aead = s->aead;
	o->worker = s->worker;
	return 0;
}

/* ---- 1. links ---- */

static void open_links(const struct open *o, struct mr_vector *v, struct mr_turn *t)
{
	const struct fips_index_entry *last = NULL;
	struct mr_aead_op op[MR_VECTOR];
	unsigned n = 0, good = 0;

	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		struct fips_link_head head;

		if (fips_frame_check(p->data, p->len) != FIPS_FRAME_ESTABLISHED) {
			mr_drop(t, MALFORMED, p);
			continue;
		}
		fips_link_head_parse(p->data, &head);
		if (!last || last->index != head.receiver_idx)
			last = mr_table_find(o->mesh->index, p->data + FIPS_LINK_PREFIX);
		if (!last || !last->live) {
			mr_drop(t, last ? NOT_YET : UNKNOWN_INDEX, p);
			continue;
		}
		p->flags &= (uint8_t)~MR_FLAG_OPENED;
		p->near = last->link;
		p->seq = last->key->id;
		fips_link_open_op(last->key, o->worker, p->data, &head, &op[n]);
		v->pkt[n++] = p;
	}
	if (n)
		o->aead->open(op, n);
	for (unsigned i = 0; i < n; i++) {
		if (op[i].ok)
			v->pkt[good++] = v->pkt[i];
		else
			mr_drop(t, FORGED, v->pkt[i]);
	}
	v->n = good;
}

/* ---- 2. sessions ---- */

/* The key that last opened something of this session comes first. */
static void list_keys(const struct fips_session_entry *e, struct inside *in)
{
	in->keys = 0;
	for (unsigned i = 0; i < FIPS_SESSION_KEYS && e->key[i]; i++) {
		in->key[in->keys++] = e->key[i];
		if (e->key[i]->id != *in->hint)
			continue;
		in->key[i] = in->key[0];
		in->key[0] = e->key[i];
	}
}

/* Is there a message for us in it, of a session with keys? */
static bool look_inside(struct open *o, struct mr_pkt *p, struct inside *in)
{
	const size_t before = FIPS_LINK_HEAD + FIPS_LINK_STAMP;
	const struct fips_session_entry *e;
	struct fips_datagram d;

	if (p->len < before + FIPS_TAG + 1 || p->data[before] != FIPS_LINK_DATAGRAM ||
	    !fips_datagram_parse(p->data + before, p->len - before - FIPS_TAG, &d) ||
	    memcmp(d.dest.b, o->mesh->me.addr.b, FIPS_ADDR_LEN) != 0 ||
	    fips_fsp_check(d.payload, d.payload_len) != FIPS_FSP_ENCRYPTED ||
	    !fips_fsp_sealed_parse(d.payload, d.payload_len, &in->sealed))
		return false;
	e = mr_table_find(o->mesh->sessions, d.src.b);
	if (!e || !e->live || !e->key[0])
		return false;
	in->pkt = p;
	in->message = p->data + before + FIPS_DATAGRAM_HEAD;
	in->hint = &o->hint[d.src.b[1] % HINTS];
	list_keys(e, in);
	return true;
}

static void opened_by(struct inside *in, unsigned key)
{
	in->pkt->flags |= MR_FLAG_OPENED;
	in->pkt->far = *in->hint = in->key[key]->id;
}

static void try_others(const struct open *o, struct inside *in, struct mr_turn *t)
{
	struct mr_aead_op op;

	for (unsigned k = 1; k < in->keys; k++) {
		mr_count(t, RETRIED, 1);
		fips_session_open_op(in->key[k], o->worker, in->message, &in->sealed, &op);
		o->aead->open(&op, 1);
		if (op.ok) {
			opened_by(in, k);
			return;
		}
	}
}

static void open_sessions(struct open *o, const struct mr_vector *v, struct mr_turn *t)
{
	struct mr_aead_op op[MR_VECTOR];
	struct inside in[MR_VECTOR];
	unsigned n = 0;

	for (unsigned i = 0; i < v->n; i++) {
		if (!look_inside(o, v->pkt[i], &in[n]))
			continue;
		fips_session_open_op(in[n].key[0], o->worker, in[n].message, &in[n].sealed, &op[n]);
		n++;
	}
	if (n)
		o->aead->open(op, n);
	for (unsigned i = 0; i < n; i++) {
		if (op[i].ok)
			opened_by(&in[i], 0);
		else
			try_others(o, &in[i], t);
	}
}

static void open_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct open *o = self;

	(void)input;
	open_links(o, v, t);
	open_sessions(o, v, t);
	for (unsigned i = 0; i < v->n; i++)
		mr_emit(t, OUT, v->pkt[i]);
}

const struct mr_kind mr_kind_open = {
	.abi = MR_ABI, .name = "open", .summary = "open both layers of frames, for others to accept",
	.size = sizeof(struct open),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame of a live key", .reaches = MR_ALL_OUTPUTS }, { 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "FMP frame, opened in place", .plaintext = true,
		  .sort = "opened frames" },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "unknown-index", .help = "no key goes by this receiver index any more" },
		{ "not-yet", .help = "the key of this index is still being made" },
		{ "forged", .help = "the tag of the link layer does not hold" },
		{ "malformed", .help = "no whole frame" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "keys-retried", .help = "opens of the session layer tried under a further key" },
		{ 0 } },
	.affinities = 1 << MR_ANY | 1 << MR_DEAL, .shards = 1 << MR_ANY | 1 << MR_DEAL,
	.open = open_open, .process = open_process,
};
