#include "t/lib/node_plane.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "fips/path/link_recv.h"
#include "fips/path/session_recv.h"
#include "fips/path/snapshot.h"
#include "t/lib/node_transit.h"

#define LINKS   16
#define EXPECTS 64
#define HELD    4
#define PARKED  16

/* Both directions of one handshake. */
struct key {
	struct fips_send_key send;
	struct fips_recv_key recv;
	uint8_t              send_bytes[32], recv_bytes[32];
	uint32_t             ours;
	struct key          *next;
};

struct held {
	uint64_t        at;
	struct fips_via from;
	size_t          n;
	uint8_t         bytes[MOCK_FRAME_MAX];
};

struct waiting {
	struct held frame[HELD];
	unsigned    n;
};

struct link {
	bool                  used;
	struct fips_addr      peer;
	struct fips_link_recv recv;
	struct key           *keys, *send;
	struct fips_via       via;
	uint64_t              sent_before; /* frames under keys that are gone */
};

struct session {
	bool                     used, live;
	struct fips_addr         peer;
	struct fips_session_recv recv;
	struct key              *keys, *send;
	struct waiting           waiting;
	uint64_t                 data_at;
};

struct expect {
	bool           used;
	uint32_t       index;
	struct waiting waiting;
};

/* A destination of data. */
struct dest {
	bool             used, routed;
	struct fips_addr addr;
	struct fips_addr hop;    /* valid if routed */
	uint16_t         mtu;    /* ... as is this  */
	unsigned         parked;
	uint64_t         since; /* asked */
};

struct plane {
	struct sim_node *node;
	struct link      links[LINKS];
	struct session   sessions[LINKS];
	struct dest      dests[LINKS];
	struct expect    expects[EXPECTS];
	struct transit   transit;
};

static void session_message(struct plane *p, const struct fips_addr *src, uint16_t path_mtu,
                            const uint8_t *fsp, size_t n);

/* --- tables ----------------------------------------------------------------------------------- */

#define FIND(table, count, test)                                  \
	do {                                                      \
		for (unsigned i_ = 0; i_ < (count); i_++) {       \
			__auto_type e = &(table)[i_];             \
			if (test)                                 \
				return e;                         \
		}                                                 \
		return NULL;                                      \
	} while (0)

static struct link *link_of(struct plane *p, const struct fips_addr *peer)
{
	FIND(p->links, LINKS, e->used && fips_addr_eq(&e->peer, peer));
}

static struct session *session_of(struct plane *p, const struct fips_addr *peer)
{
	FIND(p->sessions, LINKS, e->used && fips_addr_eq(&e->peer, peer));
}

static struct dest *dest_of(struct plane *p, const struct fips_addr *addr)
{
	FIND(p->dests, LINKS, e->used && memcmp(e->addr.b, addr->b, 15) == 0);
}

static struct expect *expect_of(struct plane *p, uint32_t index)
{
	FIND(p->expects, EXPECTS, e->used && e->index == index);
}

static struct link *link_slot(struct plane *p)
{
	FIND(p->links, LINKS, !e->used);
}

static struct session *session_slot(struct plane *p)
{
	FIND(p->sessions, LINKS, !e->used);
}

static struct dest *dest_slot(struct plane *p)
{
	FIND(p->dests, LINKS, !e->used);
}

static struct expect *expect_slot(struct plane *p)
{
	FIND(p->expects, EXPECTS, !e->used);
}

static struct key *key_of_index(struct plane *p, uint32_t index, struct link **link)
{
	for (unsigned i = 0; i < LINKS; i++) {
		*link = &p->links[i];
		for (struct key *k = (*link)->used ? (*link)->keys : NULL; k; k = k->next)
			if (k->ours == index)
				return k;
	}
	return NULL;
}

static struct key *key_find(struct key *list, uint64_t id)
{
	while (list && list->send.id != id)
		list = list->next;
	return list;
}

static struct key *key_new(struct plane *p, const struct fips_action *act, struct key **list)
{
	struct key *k = aligned_alloc(FIPS_LINE, sizeof *k);

	ck_assert_ptr_nonnull(k);
	ck_assert_uint_ne(act->key, 0);
	ck_assert_ptr_null(key_find(*list, act->key));
	memset(k, 0, sizeof *k);
	fips_send_key_init(&k->send, act->key, act->theirs, NULL, 0);
	fips_recv_key_init(&k->recv, act->key, NULL, 0);
	memcpy(k->send_bytes, act->send_key, 32);
	memcpy(k->recv_bytes, act->recv_key, 32);
	ck_assert_int_ne(memcmp(k->send_bytes, k->recv_bytes, 32), 0);
	world_new_key(p->node->world, k->send_bytes);
	k->ours = act->ours;
	k->next = *list;
	*list = k;
	return k;
}

static void key_free(struct key **list, uint64_t id)
{
	struct key **at = list;

	while (*at && (*at)->send.id != id)
		at = &(*at)->next;
	ck_assert_msg(*at != NULL, "no key %llu to retire", (unsigned long long)id);
	struct key *gone = *at;
	*at = gone->next;
	free(gone);
}

static void hold(struct plane *p, struct waiting *w, const struct fips_via *from,
                 const uint8_t *bytes, size_t n)
{
	struct held *h = &w->frame[w->n];

	if (w->n == HELD || n > MOCK_FRAME_MAX)
		return;
	w->n++;
	h->at = p->node->world->now;
	h->from = *from;
	h->n = n;
	memcpy(h->bytes, bytes, n);
}

/* --- sealing ---------------------------------------------------------------------------------- */

static void send_on_link(struct plane *p, struct link *l, const uint8_t *message, size_t n)
{
	uint8_t frame[MOCK_FRAME_MAX];
	struct key *k = l->send;
	uint64_t now = p->node->world->now, counter;
	uint32_t stamp = fips_send_stamp(&k->send, now);
	size_t len;

	ck_always(fips_number(&k->send, 1, &counter));
	nonces_use(&p->node->world->nonces, k->send_bytes, counter);
	len = mock_link_seal(frame, k->send_bytes, k->send.peer_index, counter,
	                     k->send.k ? FIPS_LINK_K : 0, stamp, message, n);
	fips_sent_run(&k->send, counter, 1, len, stamp, false, false, now);
	world_send(p->node->world, &p->node->via, &l->via, frame, len);
}

static bool send_in_session(struct plane *p, struct session *s, const uint8_t *view, size_t n)
{
	uint8_t out[MOCK_FRAME_MAX];
	struct key *k = s->send;
	struct dest *d = dest_of(p, &s->peer);
	struct link *l = d && d->routed ? link_of(p, &d->hop) : NULL;
	uint64_t now = p->node->world->now, counter;
	uint32_t stamp = fips_send_stamp(&k->send, now);
	size_t len;

	if (!l || !l->send)
		return false;
	ck_always(fips_number(&k->send, 1, &counter));
	nonces_use(&p->node->world->nonces, k->send_bytes, counter);
	len = mock_session_seal(out, k->send_bytes, &p->node->me.addr, &s->peer, counter, k->send.k,
	                        stamp, view, n);
	mr_to_le16(out + FIPS_DATAGRAM_AT_PATH_MTU, p->node->mtu);
	fips_sent_run(&k->send, counter, 1, n + FIPS_FSP_INNER - 1 + FIPS_TAG, stamp, false, false,
	              now);
	if (view[0] == FIPS_FSP_DATA)
		s->data_at = now;
	send_on_link(p, l, out, len);
	return true;
}

static void send_data(struct plane *p, struct session *s)
{
	uint8_t view[LEDGER_VIEW];

	ledger_packet(&p->node->ledger, &p->node->me.addr, view);
	if (!send_in_session(p, s, view, sizeof view))
		p->node->dropped++;
}

/* A packet for an address: sealed, or parked and asked for. */
void plane_data(struct plane *p, const struct fips_addr *to)
{
	struct dest *d = dest_of(p, to);
	struct fips_input ask = { .kind = FIPS_IN_RESOLVE, .peer = *to };
	struct session *s;

	p->node->sent++;
	if (d && d->routed) {
		s = session_of(p, &d->addr);
		ck_always(s && s->live && s->send);
		send_data(p, s);
		return;
	}
	if (!d) {
		d = dest_slot(p);
		ck_assert_ptr_nonnull(d);
		*d = (struct dest){ .used = true, .addr = *to, .since = p->node->world->now };
		ask.peer.b[15] = 0;
		world_input(p->node, &ask);
	}
	if (d->parked < PARKED)
		d->parked++;
	else
		p->node->dropped++;
	/* Every question is answered in the end. */
	ck_assert_uint_lt(p->node->world->now - d->since, SECONDS(120));
}

/* --- opening ---------------------------------------------------------------------------------- */

static void body(struct plane *p, struct session *s, const struct key *k,
                 const struct fips_fsp_sealed *m)
{
	uint8_t view[MOCK_FRAME_MAX];
	struct fips_fsp_text text;
	struct fips_input in = { .kind = FIPS_IN_BODY, .peer = s->peer, .key = k->send.id,
		                 .rx = p->node->world->now, .bytes = view };

	ck_always(fips_fsp_text_parse(m->sealed, m->sealed_len - FIPS_TAG, &text));
	if (text.type == FIPS_FSP_DATA) {
		world_got(p->node, text.body, text.len);
		return;
	}
	view[0] = text.type;
	memcpy(view + 1, text.body, text.len);
	in.len = 1 + text.len;
	world_input(p->node, &in);
}

static struct key *session_open(struct plane *p, struct session *s, const uint8_t *fsp,
                                const struct fips_fsp_sealed *m)
{
	struct fips_recv_key *order[FIPS_SESSION_KEYS];
	enum fips_replay why;
	unsigned n = fips_session_candidates(&s->recv, m->flags & FIPS_FSP_K, m->counter,
	                                     p->node->world->now, order, &why);

	for (unsigned i = 0; i < n; i++) {
		struct key *k = key_find(s->keys, order[i]->id);

		ck_always(k != NULL);
		if (mock_session_open(fsp, m, k->recv_bytes))
			return k;
	}
	return NULL;
}

static void session_message(struct plane *p, const struct fips_addr *src, uint16_t path_mtu,
                            const uint8_t *fsp, size_t n)
{
	struct session *s = session_of(p, src);
	struct fips_input lost = { .kind = FIPS_IN_NO_SESSION, .peer = *src };
	struct fips_input broken = { .kind = FIPS_IN_UNREADABLE, .peer = *src };
	struct fips_fsp_sealed m;
	struct key *k;
	unsigned what;

	if (!fips_fsp_sealed_parse(fsp, n, &m))
		return;
	if (!s) {
		world_input(p->node, &lost);
		return;
	}
	if (!s->live) {
		hold(p, &s->waiting, &p->node->via, fsp, n);
		return;
	}
	k = session_open(p, s, fsp, &m);
	if (!k) {
		fips_session_missed(&s->recv, p->node->world->now);
		if (fips_word_get(&s->recv.missed) % 3 == 0)
			world_input(p->node, &broken);
		return;
	}
	what = fips_session_accept(&s->recv, &k->recv, &m, path_mtu, false, p->node->world->now);
	if (what & FIPS_CONFIRMED) {
		struct fips_input in = { .kind = FIPS_IN_CONFIRMED_SESSION, .peer = *src,
			                 .key = k->send.id, .k = (m.flags & FIPS_FSP_K) != 0 };

		world_input(p->node, &in);
	}
	if (what & FIPS_ACCEPTED)
		body(p, s, k, &m);
}

bool plane_linked(struct plane *p, const struct fips_addr *peer)
{
	const struct link *l = link_of(p, peer);

	return l && l->send;
}

bool plane_send_on(struct plane *p, const struct fips_addr *peer, const uint8_t *datagram, size_t n)
{
	if (!plane_linked(p, peer))
		return false;
	send_on_link(p, link_of(p, peer), datagram, n);
	return true;
}

static void link_message(struct plane *p, struct link *l, const struct key *k, const uint8_t *text,
                         size_t n)
{
	struct fips_datagram d;
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = l->peer, .key = k->send.id,
		                 .rx = p->node->world->now, .bytes = text + FIPS_LINK_STAMP,
		                 .len = n - FIPS_LINK_STAMP };

	if (in.bytes[0] == FIPS_LINK_DATAGRAM) {
		if (!fips_datagram_parse(in.bytes, in.len, &d))
			return;
		if (!fips_addr_eq(&d.dest, &p->node->me.addr)) {
			transit_datagram(&p->transit, in.bytes, in.len);
			return;
		}
		if (fips_fsp_check(d.payload, d.payload_len) == FIPS_FSP_ENCRYPTED) {
			session_message(p, &d.src, d.path_mtu, d.payload, d.payload_len);
			return;
		}
		in.kind = FIPS_IN_DATAGRAM;
	}
	world_input(p->node, &in);
}

static void established(struct plane *p, const struct fips_via *from, const uint8_t *frame,
                        size_t n)
{
	uint64_t now = p->node->world->now;
	struct fips_link_head head;
	struct expect *expect;
	struct link *l;
	struct key *k;
	unsigned what;

	fips_link_head_parse(frame, &head);
	k = key_of_index(p, head.receiver_idx, &l);
	expect = k ? NULL : expect_of(p, head.receiver_idx);
	if (expect)
		hold(p, &expect->waiting, from, frame, n);
	if (!k || fips_link_check(&k->recv, &head) != FIPS_REPLAY_FRESH ||
	    !mock_link_open(frame, n, k->recv_bytes))
		return;
	what = fips_link_accept(&l->recv, &k->recv, &head, frame + FIPS_LINK_HEAD, now, from);
	if (what & FIPS_CONFIRMED) {
		struct fips_input in = { .kind = FIPS_IN_CONFIRMED_LINK, .peer = l->peer,
			                 .key = k->send.id, .k = head.flags & FIPS_LINK_K,
			                 .via = *from };

		world_input(p->node, &in);
	}
	if (what & FIPS_ROAMED) {
		struct fips_input in = { .kind = FIPS_IN_ROAMED, .peer = l->peer,
			                 .key = k->send.id, .via = *from };

		world_input(p->node, &in);
	}
	if (what & FIPS_ACCEPTED)
		link_message(p, l, k, frame + FIPS_LINK_HEAD, head.payload_len);
}

void plane_packet(struct plane *p, const struct fips_via *from, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_HANDSHAKE, .via = *from, .bytes = bytes, .len = n };

	switch (fips_frame_check(bytes, n)) {
	case FIPS_FRAME_ESTABLISHED: established(p, from, bytes, n); break;
	case FIPS_FRAME_MSG1:
	case FIPS_FRAME_MSG2: world_input(p->node, &in); break;
	default: break;
	}
}

/* --- actions ---------------------------------------------------------------------------------- */

static void install_link(struct plane *p, const struct fips_action *act)
{
	struct link *l = link_of(p, &act->peer), *other;
	struct expect *expect = expect_of(p, act->ours);
	struct waiting waiting = { .n = 0 };

	ck_assert_ptr_null(key_of_index(p, act->ours, &other));
	if (!l) {
		l = link_slot(p);
		ck_assert_ptr_nonnull(l);
		*l = (struct link){ .used = true, .peer = act->peer };
	}
	key_new(p, act, &l->keys);
	if (!expect)
		return;
	waiting = expect->waiting;
	expect->used = false;
	for (unsigned i = 0; i < waiting.n; i++)
		if (p->node->world->now - waiting.frame[i].at < SECONDS(1))
			established(p, &waiting.frame[i].from, waiting.frame[i].bytes,
			            waiting.frame[i].n);
}

static void use_link(struct plane *p, const struct fips_action *act)
{
	struct link *l = link_of(p, &act->peer);
	struct key *k = l ? key_find(l->keys, act->key) : NULL;

	ck_assert_ptr_nonnull(k);
	ck_assert_uint_gt(act->via.len, 0);
	fips_send_key_start(&k->send, act->k, act->clock_zero);
	if (!l->send)
		fips_link_recv_init(&l->recv, &act->via);
	l->send = k;
	l->via = act->via;
	fips_link_move(&l->recv, &act->via);
	fips_link_promote(&l->recv, &k->recv, act->key, p->node->world->now);
}

static void retire_link_key(struct plane *p, const struct fips_action *act)
{
	struct link *l = link_of(p, &act->peer);
	struct key *k = l ? key_find(l->keys, act->key) : NULL;

	ck_assert_ptr_nonnull(k);
	ck_assert_uint_eq(k->ours, act->ours);
	if (l->send == k)
		l->send = NULL;
	key_free(&l->keys, act->key);
}

static void link_down(struct plane *p, const struct fips_action *act)
{
	struct link *l = link_of(p, &act->peer);

	ck_assert_ptr_nonnull(l);
	ck_assert_ptr_null(l->keys);
	l->used = false;
}

static void install_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);
	struct waiting waiting;

	if (!s) {
		s = session_slot(p);
		ck_assert_ptr_nonnull(s);
		*s = (struct session){ .used = true, .peer = act->peer };
	}
	if (!s->live)
		fips_session_recv_init(&s->recv);
	ck_assert_int_eq(act->pending, s->live);
	s->live = true;
	fips_session_install(&s->recv, &key_new(p, act, &s->keys)->recv, p->node->world->now);
	waiting = s->waiting;
	s->waiting.n = 0;
	for (unsigned i = 0; i < waiting.n; i++)
		if (p->node->world->now - waiting.frame[i].at < SECONDS(1))
			session_message(p, &act->peer, FIPS_UDP_MTU, waiting.frame[i].bytes,
			                waiting.frame[i].n);
}

static void use_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);
	struct key *k = s ? key_find(s->keys, act->key) : NULL;

	ck_assert_ptr_nonnull(k);
	fips_send_key_start(&k->send, act->k, act->clock_zero);
	s->send = k;
}

static void expect_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);

	ck_assert_ptr_null(s);
	s = session_slot(p);
	ck_assert_ptr_nonnull(s);
	*s = (struct session){ .used = true, .peer = act->peer };
}

static void retire_session_key(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);
	struct key *k = s ? key_find(s->keys, act->key) : NULL;

	ck_assert_ptr_nonnull(k);
	if (s->send == k)
		s->send = NULL;
	fips_session_retire(&s->recv, act->key);
	key_free(&s->keys, act->key);
}

/* A live route goes with its session; what is parked stays parked. */
static void session_down(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);
	struct dest *d = dest_of(p, &act->peer);

	if (s) {
		ck_assert_ptr_null(s->keys);
		s->used = false;
	}
	if (d && d->routed)
		d->used = false;
}

static void route(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);
	struct dest *d = dest_of(p, &act->peer);

	ck_assert(s && s->live && s->send);
	ck_assert(link_of(p, &act->via_peer));
	ck_assert_uint_ge(act->mtu, 256);
	p->node->route_mtu = act->mtu;
	if (!d) {
		d = dest_slot(p);
		ck_assert_ptr_nonnull(d);
		*d = (struct dest){ .used = true };
	}
	d->addr = act->peer;
	d->hop = act->via_peer;
	d->mtu = act->mtu;
	d->routed = true;
	for (; d->parked; d->parked--)
		send_data(p, s);
}

/* The next packet asks again. */
static void unroute(struct plane *p, const struct fips_action *act)
{
	struct dest *d = dest_of(p, &act->peer);

	ck_assert(d && d->routed);
	d->used = false;
}

static void unreachable(struct plane *p, const struct fips_action *act)
{
	struct dest *d = dest_of(p, &act->peer);

	if (!d || d->routed)
		return;
	p->node->dropped += d->parked;
	d->used = false;
}

static void expect_index(struct plane *p, const struct fips_action *act)
{
	struct expect *e = expect_slot(p);
	struct link *l;

	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_null(expect_of(p, act->ours));
	ck_assert_ptr_null(key_of_index(p, act->ours, &l));
	*e = (struct expect){ .used = true, .index = act->ours };
}

static void forget_index(struct plane *p, const struct fips_action *act)
{
	struct expect *e = expect_of(p, act->ours);

	ck_assert_ptr_nonnull(e);
	e->used = false;
}

static void link_report(struct plane *p, const struct fips_action *act)
{
	struct link *l = link_of(p, &act->peer);
	struct key *k = l ? key_find(l->keys, act->key) : NULL;
	struct fips_sender_report sender;
	struct fips_receiver_report receiver;
	struct fips_input in = { .kind = FIPS_IN_LINK_SNAPSHOT, .peer = act->peer,
		                 .key = act->key };

	ck_assert_ptr_nonnull(k);
	if (act->reports & FIPS_REPORT_SENDER && fips_sent_snapshot(&k->send, &sender))
		in.sender = &sender;
	if (act->reports & FIPS_REPORT_RECEIVER &&
	    fips_link_snapshot(&l->recv, &k->recv, p->node->world->now, &receiver))
		in.receiver = &receiver;
	world_input(p->node, &in);
}

static void session_report(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);
	struct key *k = s ? key_find(s->keys, act->key) : NULL;
	struct fips_sender_report sender;
	struct fips_receiver_report receiver;
	struct fips_input in = { .kind = FIPS_IN_SESSION_SNAPSHOT, .peer = act->peer,
		                 .key = act->key };

	ck_assert_ptr_nonnull(k);
	if (act->reports & FIPS_REPORT_SENDER && fips_sent_snapshot(&k->send, &sender))
		in.sender = &sender;
	if (act->reports & FIPS_REPORT_RECEIVER &&
	    fips_session_snapshot(&s->recv, p->node->world->now, &receiver))
		in.receiver = &receiver;
	world_input(p->node, &in);
}

static void send_link(struct plane *p, const struct fips_action *act)
{
	struct link *l = link_of(p, &act->peer);

	ck_always(l && l->send);
	send_on_link(p, l, act->bytes, act->len);
}

/* A link that others lie behind may go a moment before their routes do. */
static void send_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = session_of(p, &act->peer);
	struct dest *d = dest_of(p, &act->peer);

	ck_always(s && s->live && s->send);
	ck_always(d && d->routed);
	if (!send_in_session(p, s, act->bytes, act->len))
		ck_assert(!fips_addr_eq(&d->hop, &d->addr));
}

static void set_via(struct plane *p, const struct fips_action *act)
{
	struct link *l = link_of(p, &act->peer);

	ck_assert(l && l->send);
	l->via = act->via;
	fips_link_move(&l->recv, &act->via);
}

void plane_act(struct plane *p, const struct fips_action *act)
{
	switch (act->kind) {
	case FIPS_ACT_SEND_RAW:
		world_send(p->node->world, &p->node->via, &act->via, act->bytes, act->len);
		break;
	case FIPS_ACT_SEND_LINK: send_link(p, act); break;
	case FIPS_ACT_SEND_SESSION: send_session(p, act); break;
	case FIPS_ACT_EXPECT_INDEX: expect_index(p, act); break;
	case FIPS_ACT_FORGET_INDEX: forget_index(p, act); break;
	case FIPS_ACT_INSTALL_LINK: install_link(p, act); break;
	case FIPS_ACT_USE_LINK: use_link(p, act); break;
	case FIPS_ACT_SET_VIA: set_via(p, act); break;
	case FIPS_ACT_RETIRE_LINK_KEY: retire_link_key(p, act); break;
	case FIPS_ACT_LINK_DOWN: link_down(p, act); break;
	case FIPS_ACT_EXPECT_SESSION: expect_session(p, act); break;
	case FIPS_ACT_INSTALL_SESSION: install_session(p, act); break;
	case FIPS_ACT_USE_SESSION: use_session(p, act); break;
	case FIPS_ACT_RETIRE_SESSION_KEY: retire_session_key(p, act); break;
	case FIPS_ACT_SESSION_DOWN: session_down(p, act); break;
	case FIPS_ACT_ROUTE: route(p, act); break;
	case FIPS_ACT_UNROUTE: unroute(p, act); break;
	case FIPS_ACT_UNREACHABLE: unreachable(p, act); break;
	case FIPS_ACT_ASK_LINK_REPORT: link_report(p, act); break;
	case FIPS_ACT_ASK_SESSION_REPORT: session_report(p, act); break;
	case FIPS_ACT_FORWARD:
	case FIPS_ACT_UNFORWARD:
	case FIPS_ACT_NO_FORWARD: transit_act(&p->transit, act); break;
	case FIPS_ACT_LINK_PROVEN:
	case FIPS_ACT_CONGESTION:
	case FIPS_ACT_RESOLVE_NAME:
	case FIPS_ACT_LOG:
	case FIPS_ACT_KINDS: break;
	}
}

/* --- the rest --------------------------------------------------------------------------------- */

/* Data threads read the clock themselves: what they write may be a little ahead of the brain's. */
static uint64_t ahead(uint64_t at)
{
	return at ? at + MS(2) : 0;
}

static bool link_words(void *self, const struct fips_addr *peer, struct fips_link_words *out)
{
	struct link *l = link_of(self, peer);

	if (!l || !l->send)
		return false;
	out->heard = ahead(fips_word_get(&l->recv.heard));
	out->sent = fips_numbered(&l->send->send);
	out->k = (uint8_t)fips_word_get(&l->recv.k_seen);
	return true;
}

static bool session_words(void *self, const struct fips_addr *peer, struct fips_session_words *out)
{
	struct session *s = session_of(self, peer);
	struct fips_recv_key *current, *previous;

	if (!s || !s->live || !s->send)
		return false;
	current = s->recv.slot[FIPS_CURRENT];
	previous = s->recv.slot[FIPS_PREVIOUS];
	out->heard = ahead(fips_word_get(&s->recv.heard));
	out->previous_heard = previous ? ahead(fips_word_get(&previous->heard)) : 0;
	out->data_sent = ahead(s->data_at);
	out->data_heard = ahead(fips_word_get(&s->recv.data_at));
	out->sent = fips_numbered(&s->send->send);
	out->current = current ? current->id : 0;
	out->path_mtu = (uint16_t)fips_word_get(&s->recv.path_mtu);
	return true;
}

struct fips_words plane_words(struct plane *p)
{
	return (struct fips_words){ .link = link_words, .session = session_words, .self = p };
}

unsigned plane_indices(const struct plane *p, uint32_t *out, unsigned room)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LINKS; i++)
		for (struct key *k = p->links[i].used ? p->links[i].keys : NULL; k; k = k->next)
			if (n < room)
				out[n++] = k->ours;
	return n;
}

struct plane *plane_open(struct sim_node *node)
{
	struct plane *p = calloc(1, sizeof *p);

	ck_assert_ptr_nonnull(p);
	p->node = node;
	p->transit.node = node;
	return p;
}

static void free_keys(struct key *list)
{
	while (list) {
		struct key *next = list->next;

		free(list);
		list = next;
	}
}

void plane_close(struct plane *p)
{
	for (unsigned i = 0; i < LINKS; i++) {
		if (p->links[i].used)
			free_keys(p->links[i].keys);
		if (p->sessions[i].used)
			free_keys(p->sessions[i].keys);
	}
	free(p);
}
