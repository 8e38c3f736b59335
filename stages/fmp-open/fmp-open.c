/* fmp-open - open the link layer: one frame in, one link message out.
 *
 * Of frames that `open` has opened already (input opened), the replay test, 3 and 4 are left to do:
 * they come in the order in which rx dealt them out.
 *
 *   1. the receiver index selects the key; replay test            looked up once a vector
 *   2. all frames of the vector are opened in one provider call   any order
 *   3. each is accepted: window, figures, confirmation, roaming   in arrival order
 *   4. the message's type says where it goes
 *
 *   session   SessionDatagrams addressed to us
 *   transit   SessionDatagrams for others
 *   control   all other link messages
 *
 * The receive keys and windows that the index table points to belong to this stage, each to the
 * replica that its link's handle picks; control reads their words.  A frame that fails changes
 * nothing but a counter.  pkt->far of what leaves is the endpoint it came from (session) or goes to
 * (transit). */

#include <string.h>

#include "core/stage.h"
#include "fips/path/link_recv.h"
#include "fips/path/snapshot.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"

enum { FRAMES, OPENED };
enum { SESSION, TRANSIT, CONTROL };
enum { UNKNOWN_INDEX, NOT_YET, STALE, DUPLICATE, FORGED, RUNT, MALFORMED, OVER_RATE };

enum { RECEIVED, RECEIVED_BYTES, DELIVERED, DELIVERED_BYTES };

#define SEEN 16 /* indices of a vector that are remembered; senders whose hash is */

/* The hash of an endpoint that datagrams came from or went to, which never changes. */
struct far {
	struct fips_addr node;
	uint64_t         handle; /* 0: none yet */
};

struct fmp_open {
	struct mr_mesh       *mesh;   /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
	unsigned              replica, replicas;
	const struct fips_index_entry *seen[SEEN]; /* by index; NULL: none yet.  Empty when a call
	                                            * begins */
	struct far            far[SEEN]; /* by a byte of the address */
	struct mr_nudges      moves;  /* peers whose new address control was told of */
};

/* One frame on its way through the four steps. */
struct frame {
	struct mr_pkt                 *pkt;
	const struct fips_index_entry *entry;
	struct fips_link_head          head;
};

static int fmp_open_open(void *self, struct mr_setup *s)
{
	struct fmp_open *fo = self;

	fo->mesh = s->use[0];
	fo->aead = s->aead;
	fo->worker = s->worker;
	fo->replica = s->replica;
	fo->replicas = s->replicas;
	return 0;
}

/* An index that has been given to another peer since rx looked it up may be another replica's. */
static bool is_ours(const struct fmp_open *fo, const struct fips_index_entry *e)
{
	return fo->replicas == 1 || mr_handle_hash(e->link) % fo->replicas == fo->replica;
}

static const struct fips_index_entry *look_up(struct fmp_open *fo, uint32_t index,
                                              const uint8_t *wire)
{
	const struct fips_index_entry **seen = &fo->seen[index % SEEN];

	if (!*seen || (*seen)->index != index)
		*seen = mr_table_find(fo->mesh->index, wire);
	return *seen;
}

/* Does its counter count?  Else it is dropped by name. */
static bool is_fresh(const struct frame *f, struct mr_turn *t)
{
	enum fips_replay replay = fips_link_check(f->entry->key, &f->head);

	if (replay != FIPS_REPLAY_FRESH)
		mr_drop(t, replay == FIPS_REPLAY_STALE ? STALE : DUPLICATE, f->pkt);
	return replay == FIPS_REPLAY_FRESH;
}

/* Step 1: which frames are worth opening?  Others are dropped by name.  rx lets only whole frames
 * through; whatever else a graph may wire here, nothing beyond the packet is read. */
static unsigned select_keys(struct fmp_open *fo, struct mr_vector *v, struct frame *frame,
                            struct mr_aead_op *op, struct mr_turn *t)
{
	unsigned n = 0;

	memset(fo->seen, 0, sizeof fo->seen);
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		struct frame *f = &frame[n];
		const struct fips_index_entry *e;

		if (fips_frame_check(p->data, p->len) != FIPS_FRAME_ESTABLISHED) {
			mr_drop(t, MALFORMED, p);
			continue;
		}
		fips_link_head_parse(p->data, &f->head);
		e = look_up(fo, f->head.receiver_idx, p->data + FIPS_LINK_PREFIX);
		if (!e || !e->live || !is_ours(fo, e)) {
			mr_drop(t, e && !e->live ? NOT_YET : UNKNOWN_INDEX, p);
			continue;
		}
		f->pkt = p;
		f->entry = e;
		if (!is_fresh(f, t))
			continue;
		fips_link_open_op(e->key, fo->worker, p->data, &f->head, &op[n]);
		n++;
	}
	return n;
}

static void tell_confirmed(const struct frame *f, struct mr_turn *t)
{
	struct mr_event event = { .kind = MR_EV_CONFIRMED_LINK, .a = f->entry->key->id,
		                  .u = f->head.flags & FIPS_LINK_K };

	memcpy(event.bytes, mr_pkt_via(f->pkt), sizeof(struct fips_via));
	mr_tell(t, &event);
}

static void tell_roamed(const struct frame *f, struct mr_turn *t)
{
	struct mr_event event = { .kind = MR_EV_ROAMED, .a = f->entry->key->id };

	memcpy(event.bytes, mr_pkt_via(f->pkt), sizeof(struct fips_via));
	mr_tell(t, &event);
}

/* Will control look at this datagram to us, behind fsp-open?  At all but what is sealed end to
 * end. */
static bool is_talk(const struct mr_pkt *p)
{
	enum fips_fsp fsp = fips_fsp_check(p->data + FIPS_DATAGRAM_HEAD,
	                                   p->len - FIPS_DATAGRAM_HEAD);

	return fsp > FIPS_FSP_ENCRYPTED && fsp < FIPS_FSP_SHORT;
}

static void deliver(struct mr_pkt *p, struct mr_turn *t)
{
	mr_count(t, DELIVERED, 1);
	mr_count(t, DELIVERED_BYTES, p->len);
	mr_emit(t, SESSION, p);
}

static uint64_t far_of(struct fmp_open *fo, const uint8_t *node)
{
	struct far *far = &fo->far[node[1] % SEEN];

	if (!far->handle || memcmp(far->node.b, node, FIPS_ADDR_LEN) != 0) {
		memcpy(far->node.b, node, FIPS_ADDR_LEN);
		far->handle = mr_table_unresolved(fo->mesh->sessions, node);
	}
	return far->handle;
}

static bool over_rate(const struct frame *f, struct fips_bucket *b, struct mr_turn *t)
{
	if (fips_bucket_take(b, t->now))
		return false;
	mr_drop(t, OVER_RATE, f->pkt);
	return true;
}

/* Step 4.  A neighbour has so many messages for control and no more, so that others are heard too;
 * and so many of others, who thus keep it from nothing. */
static void send_on(struct fmp_open *fo, struct frame *f, struct mr_turn *t)
{
	struct mr_pkt *p = f->pkt;

	p->near = f->entry->link;
	p->seq = p->flags & MR_FLAG_OPENED ? p->far : f->entry->key->id;
	p->flags &= MR_FLAG_OPENED;
	p->flags |= f->head.flags & FIPS_LINK_CE ? MR_FLAG_CE : 0;
	if (p->data[0] != FIPS_LINK_DATAGRAM) {
		if (over_rate(f, &f->entry->recv->talk, t))
			return;
		p->mark = MR_SHAPE_MESSAGE;
		mr_emit(t, CONTROL, p);
		return;
	}
	if (p->len < FIPS_DATAGRAM_HEAD) {
		mr_drop(t, MALFORMED, p);
		return;
	}
	p->mark = MR_SHAPE_DATAGRAM;
	mr_count(t, RECEIVED, 1);
	mr_count(t, RECEIVED_BYTES, p->len);
	if (memcmp(p->data + FIPS_DATAGRAM_AT_DEST, fo->mesh->me.addr.b, FIPS_ADDR_LEN) != 0) {
		p->far = far_of(fo, p->data + FIPS_DATAGRAM_AT_DEST);
		mr_emit(t, TRANSIT, p);
	} else if (!is_talk(p) || !over_rate(f, &f->entry->recv->brought, t)) {
		p->far = far_of(fo, p->data + FIPS_DATAGRAM_AT_SRC);
		deliver(p, t);
	}
}

/* Step 3. */
static void accept_one(struct fmp_open *fo, struct frame *f, struct mr_turn *t)
{
	struct mr_pkt *p = f->pkt;
	unsigned what = fips_link_accept(f->entry->recv, f->entry->key, &f->head,
	                                 p->data + FIPS_LINK_HEAD, t->now, mr_pkt_via(p));

	if (what & FIPS_CONFIRMED)
		tell_confirmed(f, t);
	if ((what & FIPS_ROAMED) && mr_nudge(&fo->moves, &f->entry->peer, t->now))
		tell_roamed(f, t);
	if (!(what & FIPS_ACCEPTED)) {
		mr_drop(t, what & FIPS_RUNT ? RUNT : DUPLICATE, p);
		return;
	}
	mr_pkt_trim(p, p->len - FIPS_TAG);
	mr_pkt_pull(p, FIPS_LINK_HEAD + FIPS_LINK_STAMP);
	send_on(fo, f, t);
}

/* Steps 3 and 4 of a vector that was opened before.  Its index may have been given to another key
 * since: then the frame is of a key that is gone. */
static void accept_opened(struct fmp_open *fo, struct mr_vector *v, struct mr_turn *t)
{
	const struct fips_index_entry *last = NULL;

	for (unsigned i = 0; i < v->n; i++) {
		struct frame f = { .pkt = v->pkt[i] };

		fips_link_head_parse(f.pkt->data, &f.head);
		if (!last || last->index != f.head.receiver_idx)
			last = mr_table_find(fo->mesh->index, f.pkt->data + FIPS_LINK_PREFIX);
		f.entry = last;
		if (!last || !last->live || last->key->id != f.pkt->seq || !is_ours(fo, last))
			mr_drop(t, UNKNOWN_INDEX, f.pkt);
		else if (is_fresh(&f, t))
			accept_one(fo, &f, t);
	}
}

static void open_frames(struct fmp_open *fo, struct mr_vector *v, struct mr_turn *t)
{
	struct mr_aead_op op[MR_VECTOR];
	struct frame frame[MR_VECTOR];
	unsigned n = select_keys(fo, v, frame, op, t);

	if (n)
		fo->aead->open(op, n);
	for (unsigned i = 0; i < n; i++) {
		if (op[i].ok)
			accept_one(fo, &frame[i], t);
		else
			mr_drop(t, FORGED, frame[i].pkt);
	}
}

/* Who is to say that a session's message was opened is `open` alone. */
static void fmp_open_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct fmp_open *fo = self;

	if (input == OPENED) {
		accept_opened(fo, v, t);
		return;
	}
	for (unsigned i = 0; i < v->n; i++)
		v->pkt[i]->flags &= (uint8_t)~MR_FLAG_OPENED;
	open_frames(fo, v, t);
}

static void fmp_open_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct mr_fips_snapshot *snapshot;

	(void)self;
	switch (order->kind) {
	case MR_ORD_LINK_PROMOTE:
		fips_link_promote(order->p, order->q, order->a, t->now);
		break;
	case MR_ORD_LINK_MOVE:
		fips_link_move(order->p, order->q);
		break;
	case MR_ORD_LINK_REPORT:
		snapshot = mr_snapshot_of(order);
		snapshot->due = fips_link_snapshot(order->p, order->q, t->now, &snapshot->receiver);
		break;
	default: /* a retired key is out of the table: to be acknowledged is all */
		break;
	}
}

const struct mr_kind mr_kind_fmp_open = {
	.abi = MR_ABI, .name = "fmp-open", .summary = "open the link layer",
	.size = sizeof(struct fmp_open),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame", .reaches = MR_ALL_OUTPUTS },
		{ "opened", .view = "FMP frame, opened in place", .reaches = MR_ALL_OUTPUTS,
		  .optional = true, .sort = "opened frames" },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "session", .view = "SessionDatagram to us, from its type byte",
		  .optional = true },
		{ "transit", .view = "SessionDatagram to others, from its type byte",
		  .optional = true },
		{ "control", .view = "other link message, from its type byte" },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "unknown-index", .help = "no key goes by this receiver index any more" },
		{ "not-yet", .help = "the key of this index is still being made" },
		{ "stale", .help = "counter older than the replay window" },
		{ "duplicate", .help = "counter seen before" },
		{ "forged", .help = "the tag does not hold" },
		{ "runt", .help = "authentic, but without a message" },
		{ "malformed", .help = "no whole frame, or a SessionDatagram without a whole envelope" },
		{ "over-rate", .help = "more messages for control than a neighbour may send" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "received-packets", .help = "SessionDatagrams received" },
		{ "received-bytes", .help = "... their bytes", .unit = "bytes" },
		{ "delivered-packets", .help = "SessionDatagrams to us" },
		{ "delivered-bytes", .help = "... their bytes", .unit = "bytes" },
		{ 0 } },
	.once = true, .affinities = 1 << MR_ANY | 1 << MR_PEER,
	.shards = 1 << MR_PEER,
	.open = fmp_open_open, .order = fmp_open_order, .process = fmp_open_process,
};
