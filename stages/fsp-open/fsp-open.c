/* fsp-open - open the session layer: one SessionDatagram in, one IPv6 packet or message out.
 *
 *   1. the source address selects the session; K and the replay windows order its keys
 *   2. every message is opened under its best key in one provider call      any order
 *   3. a message that failed is tried under its other keys                  rare
 *   4. each is accepted: window, promotion, figures                         in arrival order
 *   5. data becomes an IPv6 packet again, in place; the rest goes to control
 *
 *   ip        IPv6 packets for local programs
 *   control   MR_SHAPE_BODY: opened messages that are not data (type byte and body);
 *             MR_SHAPE_DATAGRAM: handshake messages, error signals, and sealed messages of a
 *             session whose handshake is under way, as they came;
 *             MR_SHAPE_LEARNED: coordinates that a message of a session carried in clear, once it
 *             has opened
 *
 * The receive states that the session table points to belong to this stage, each to the replica
 * that its peer's address picks; a message that reached another one touches nothing. */

#include <string.h>

#include "core/stage.h"
#include "fips/path/ip.h"
#include "fips/path/mtu.h"
#include "fips/path/session_recv.h"
#include "fips/path/snapshot.h"
#include "fips/wire/datagram.h"
#include "stages/lib/learn.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"

enum { IP, CONTROL };
enum { MALFORMED, OWN_SOURCE, NO_SESSION, NO_KEY, STALE, DUPLICATE, FORGED, SHORT, UNKNOWN_TYPE,
       UNKNOWN_PORT, BAD_SHIM, STRAY, OVER_RATE };
enum { RETRIED, CE_RECEIVED, LEARNED, WARM_MALFORMED, WARM_MALFORMED_BYTES };

#define SEEN        16 /* sessions of a vector that are remembered */
#define EARLY_BURST 64 /* and so many a second: as many as control keeps */
#define TELLING     64 /* coordinates on their way to control: they are learnt again */

struct fsp_open {
	struct mr_mesh       *mesh;   /* borrowed */
	const struct mr_udp  *udp;    /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
	unsigned              replica, replicas;
	const struct fips_session_entry *seen[SEEN]; /* by a byte of the address; NULL: none yet.
	                                               * Empty when a call begins */
	struct mr_nudges      strays; /* senders without a session that control was told of */
	struct fips_bucket    early;  /* messages of sessions that are being made           */
	struct mr_learner     learner;
	unsigned              left;   /* messages of this call behind the one under way: each may
	                               * need a place at `control` */
};

/* One message on its way through the steps. */
struct message {
	struct mr_pkt                   *pkt;
	const struct fips_session_entry *entry;
	struct fips_datagram             datagram;
	struct fips_fsp_sealed           sealed;
	struct fips_recv_key            *key[FIPS_SESSION_KEYS]; /* best first */
	unsigned                         keys;  /* 1 to 3                          */
	unsigned                         op;    /* index of its operation          */
	unsigned                         tried; /* index of the one that opened it */
};

static int fsp_open_open(void *self, struct mr_setup *s)
{
	struct fsp_open *fo = self;

	fo->mesh = s->use[0];
	fo->udp = s->use[1];
	fo->aead = s->aead;
	fo->worker = s->worker;
	fo->replica = s->replica;
	fo->replicas = s->replicas;
	fips_bucket_init(&fo->early, EARLY_BURST, EARLY_BURST * 1000, s->now);
	return 0;
}

static void tell_no_session(const struct message *m, struct mr_turn *t)
{
	struct mr_event event = { .kind = MR_EV_NO_SESSION };

	memcpy(event.bytes, m->datagram.src.b, FIPS_ADDR_LEN);
	mr_tell(t, &event);
}

/* What is not for this stage to open goes to control with its envelope. */
static void as_it_came(struct mr_pkt *p, struct mr_turn *t)
{
	p->mark = MR_SHAPE_DATAGRAM;
	mr_emit(t, CONTROL, p);
}

/* Is what belongs to this node this replica's?  So it is, unless the graph brings packets here that
 * fmp-open or control have not marked. */
static bool is_ours(const struct fsp_open *fo, const struct fips_addr *src)
{
	return fo->replicas == 1 ||
	       mr_handle_hash(mr_table_unresolved(fo->mesh->sessions, src->b)) % fo->replicas ==
	               fo->replica;
}

/* The entry of a session, looked up once a vector. */
static const struct fips_session_entry *look_up(struct fsp_open *fo, const struct fips_addr *src)
{
	const struct fips_session_entry **seen = &fo->seen[src->b[1] % SEEN];

	if (!*seen || !fips_addr_eq(&(*seen)->peer, src))
		*seen = mr_table_find(fo->mesh->sessions, src->b);
	return *seen;
}

/* The message's session, or false after it went elsewhere or was dropped. */
static bool find_session(struct fsp_open *fo, struct message *m, struct mr_turn *t)
{
	struct mr_pkt *p = m->pkt;

	if (!is_ours(fo, &m->datagram.src)) {
		mr_drop(t, STRAY, p);
		return false;
	}
	m->entry = look_up(fo, &m->datagram.src);
	if (!m->entry) {
		if (mr_nudge(&fo->strays, &m->datagram.src, t->now))
			tell_no_session(m, t);
		mr_drop(t, NO_SESSION, p);
		return false;
	}
	if (!m->entry->live && (p->flags & MR_FLAG_OPENED)) {
		mr_drop(t, NO_KEY, p); /* the session it was opened by has ended */
		return false;
	}
	if (!m->entry->live) {
		if (fips_bucket_take(&fo->early, t->now))
			as_it_came(p, t);
		else
			mr_drop(t, OVER_RATE, p);
		return false;
	}
	return true;
}

static void drop_unopened(struct mr_pkt *p, enum fips_replay why, struct mr_turn *t)
{
	mr_drop(t, why == FIPS_REPLAY_FRESH   ? NO_KEY
	           : why == FIPS_REPLAY_STALE ? STALE
	                                      : DUPLICATE, p);
}

/* The keys worth trying; of a message that was opened before, the one that did it, if the session
 * still has it. */
static bool find_keys(struct message *m, struct mr_turn *t)
{
	const struct fips_session_recv *recv = m->entry->recv;
	enum fips_replay why = FIPS_REPLAY_FRESH;

	m->tried = m->keys = 0;
	if (!(m->pkt->flags & MR_FLAG_OPENED)) {
		m->keys = fips_session_candidates(recv, m->sealed.flags & FIPS_FSP_K,
		                                  m->sealed.counter, t->now, m->key, &why);
	} else {
		m->key[0] = fips_session_key(recv, m->pkt->seq, t->now);
		if (m->key[0])
			why = fips_window_test(&m->key[0]->window, m->sealed.counter);
		m->keys = m->key[0] && why == FIPS_REPLAY_FRESH;
	}
	if (m->keys == 0)
		drop_unopened(m->pkt, why, t);
	return m->keys > 0;
}

static void malformed(const struct message *m, enum fips_fsp fsp, struct mr_turn *t)
{
	if (fsp == FIPS_FSP_ENCRYPTED) {
		mr_count(t, WARM_MALFORMED, 1);
		mr_count(t, WARM_MALFORMED_BYTES, m->pkt->len);
	}
	mr_drop(t, MALFORMED, m->pkt);
}

/* Step 1 for one packet; false when it is not to be opened. */
static bool select_keys(struct fsp_open *fo, struct message *m, struct mr_turn *t)
{
	struct mr_pkt *p = m->pkt;
	enum fips_fsp fsp;

	if (!fips_datagram_parse(p->data, p->len, &m->datagram)) {
		mr_drop(t, MALFORMED, p);
		return false;
	}
	if (fips_addr_eq(&m->datagram.src, &fo->mesh->me.addr)) {
		mr_drop(t, OWN_SOURCE, p);
		return false;
	}
	fsp = fips_fsp_check(m->datagram.payload, m->datagram.payload_len);
	if (fsp > FIPS_FSP_ENCRYPTED && fsp < FIPS_FSP_SHORT) {
		as_it_came(p, t);
		return false;
	}
	if (fsp != FIPS_FSP_ENCRYPTED ||
	    !fips_fsp_sealed_parse(m->datagram.payload, m->datagram.payload_len, &m->sealed)) {
		malformed(m, fsp, t);
		return false;
	}
	return find_session(fo, m, t) && find_keys(m, t);
}

static void make_op(const struct fsp_open *fo, const struct message *m, struct mr_aead_op *op)
{
	uint8_t *fsp = m->pkt->data + FIPS_DATAGRAM_HEAD;

	fips_session_open_op(m->key[m->tried], fo->worker, fsp, &m->sealed, op);
}

/* Step 3: the right key after a wrong one; a failed open has left the bytes as they were. */
static bool try_others(struct fsp_open *fo, struct message *m, struct mr_turn *t)
{
	struct mr_aead_op op;

	while (++m->tried < m->keys) {
		mr_count(t, RETRIED, 1);
		make_op(fo, m, &op);
		fo->aead->open(&op, 1);
		if (op.ok)
			return true;
	}
	return false;
}

/* Step 5: hand over type byte and body as one view; the inner flags between them are used up.  An
 * endpoint has so many of these and no more, so that others are heard too. */
static void to_control(struct message *m, const struct fips_fsp_text *text, struct mr_turn *t)
{
	struct mr_pkt *p = m->pkt;

	if (!fips_bucket_take(&m->entry->recv->talk, t->now)) {
		mr_drop(t, OVER_RATE, p);
		return;
	}
	p->data = (uint8_t *)(uintptr_t)text->body - 1;
	p->len = (uint32_t)text->len + 1;
	p->data[0] = text->type;
	p->mark = MR_SHAPE_BODY;
	p->seq = m->key[m->tried]->id;
	mr_emit(t, CONTROL, p);
}

static void deliver(struct fsp_open *fo, struct message *m, struct mr_turn *t)
{
	struct mr_pkt *p = m->pkt;
	uint8_t *text = (uint8_t *)(uintptr_t)m->sealed.sealed;
	uint16_t mss = fips_mss_limit(fo->udp->mtu, m->entry->path_mtu);
	struct fips_delivered out;

	switch (fips_ip_deliver(text, m->sealed.sealed_len - FIPS_TAG, &m->entry->peer,
	                        &fo->mesh->me.addr, p->flags & MR_FLAG_CE, mss, &out)) {
	case FIPS_DELIVER_IP:
		p->data = out.ip;
		p->len = (uint32_t)out.len;
		p->mark = MR_SHAPE_IP;
		if (p->flags & MR_FLAG_CE)
			mr_count(t, CE_RECEIVED, 1);
		mr_emit(t, IP, p);
		break;
	case FIPS_DELIVER_CONTROL:  to_control(m, &out.text, t); break;
	case FIPS_DELIVER_NATIVE:   mr_drop(t, UNKNOWN_PORT, p); break;
	case FIPS_DELIVER_SHORT:    mr_drop(t, SHORT, p); break;
	case FIPS_DELIVER_UNKNOWN:  mr_drop(t, UNKNOWN_TYPE, p); break;
	case FIPS_DELIVER_BAD_SHIM: mr_drop(t, BAD_SHIM, p); break;
	}
}

/* Where the other end is, from in front of the sealed text: it is part of nothing that is
 * authenticated, but only who was on the way of a message that is can have changed it (session.md
 * 2.5).  Before step 5, which writes over it. */
static void learn(struct fsp_open *fo, const struct message *m, struct mr_turn *t)
{
	unsigned told = 0;

	mr_learn(&fo->learner, m->pkt, true, CONTROL, fo->left + 1, &told, t);
	mr_count(t, LEARNED, told);
}

static void tell_confirmed(const struct message *m, struct mr_turn *t)
{
	mr_tell(t, &(struct mr_event){ .kind = MR_EV_CONFIRMED_SESSION,
	                               .a = m->key[m->tried]->id,
	                               .u = (m->sealed.flags & FIPS_FSP_K) != 0 });
}

/* Step 4. */
static void accept_one(struct fsp_open *fo, struct message *m, struct mr_turn *t)
{
	unsigned what = fips_session_accept(m->entry->recv, m->key[m->tried], &m->sealed,
	                                    m->datagram.path_mtu, m->pkt->flags & MR_FLAG_CE,
	                                    t->now);

	if (what & (FIPS_CONFIRMED | FIPS_PROMOTED))
		tell_confirmed(m, t);
	if ((what & FIPS_ACCEPTED) && (m->sealed.flags & FIPS_FSP_CP))
		learn(fo, m, t);
	if (what & FIPS_ACCEPTED)
		deliver(fo, m, t);
	else
		mr_drop(t, what & FIPS_RUNT ? SHORT : DUPLICATE, m->pkt);
}

/* Opened now, or opened before. */
static bool is_open(struct fsp_open *fo, struct message *m, const struct mr_aead_op *op,
                    struct mr_turn *t)
{
	return m->pkt->flags & MR_FLAG_OPENED || op[m->op].ok || try_others(fo, m, t);
}

static void fsp_open_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct fsp_open *fo = self;
	struct mr_aead_op op[MR_VECTOR];
	struct message message[MR_VECTOR];
	unsigned n = 0, ops = 0;

	(void)input;
	memset(fo->seen, 0, sizeof fo->seen);
	for (unsigned i = 0; i < v->n; i++) {
		struct message *m = &message[n];

		m->pkt = v->pkt[i];
		if (!select_keys(fo, m, t))
			continue;
		m->op = ops;
		if (!(m->pkt->flags & MR_FLAG_OPENED))
			make_op(fo, m, &op[ops++]);
		n++;
	}
	if (ops)
		fo->aead->open(op, ops);
	for (unsigned i = 0; i < n; i++) {
		fo->left = n - 1 - i;
		if (is_open(fo, &message[i], op, t)) {
			accept_one(fo, &message[i], t);
			continue;
		}
		fips_session_missed(message[i].entry->recv, t->now);
		mr_drop(t, FORGED, message[i].pkt);
	}
}

static void fsp_open_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct mr_fips_snapshot *snapshot;

	(void)self;
	switch (order->kind) {
	case MR_ORD_SESSION_INSTALL:
		fips_session_install(order->p, order->q, t->now);
		break;
	case MR_ORD_SESSION_PROMOTE:
		fips_session_promote(order->p, order->a, t->now);
		break;
	case MR_ORD_SESSION_RETIRE:
		fips_session_retire(order->p, order->a);
		break;
	case MR_ORD_SESSION_REPORT:
		snapshot = mr_snapshot_of(order);
		snapshot->due = fips_session_snapshot(order->p, t->now, &snapshot->receiver);
		break;
	default:
		break;
	}
}

const struct mr_kind mr_kind_fsp_open = {
	.abi = MR_ABI, .name = "fsp-open", .summary = "open the session layer",
	.size = sizeof(struct fsp_open),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, &mr_resource_udp, NULL },
	.inputs = (const struct mr_port[]){
		{ "datagrams", .view = "SessionDatagram to us, from its type byte",
		  .reaches = MR_ALL_OUTPUTS },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "ip", .view = "IPv6 packet", .plaintext = true },
		{ "control", .view = "type byte and body; or a SessionDatagram for control; or node address "
		                     "and coordinate list",
		  .plaintext = true },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "malformed", .help = "no envelope, no FSP message, or broken coordinate lists" },
		{ "own-source", .help = "says that we sent it" },
		{ "no-session", .help = "sealed by a node we have no session with" },
		{ "no-key", .help = "the session has no key to open it with, or not any more" },
		{ "stale", .help = "counter older than the replay window" },
		{ "duplicate", .help = "counter seen before" },
		{ "forged", .help = "opens under no key of its session" },
		{ "short", .help = "authentic, but shorter than its type needs" },
		{ "unknown-type", .help = "message type that does not exist" },
		{ "unknown-port", .help = "data to a port nobody serves" },
		{ "bad-shim", .help = "data that is no compressed IPv6 packet" },
		{ "stray", .help = "of a session that another replica owns" },
		{ "over-rate", .help = "more messages for control than an endpoint may send" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "keys-retried", .help = "opens tried under a second or third key" },
		{ "ce-received", .help = "packets that met congestion on their way" },
		{ "learned", .help = "coordinates that messages carried, passed on to control" },
		{ "warm-malformed-packets", .help = "messages with coordinates that do not parse" },
		{ "warm-malformed-bytes", .help = "... their bytes", .unit = "bytes" },
		{ 0 } },
	.once = true, .makes = true, .few = TELLING, .affinities = 1 << MR_ANY | 1 << MR_SOURCE,
	.shards = 1 << MR_SOURCE,
	.open = fsp_open_open, .order = fsp_open_order, .process = fsp_open_process,
};
