/* node_plane_acts.c - the brain's actions are done, and its words read; see node_plane.h. */
#include "t/lib/node_plane_state.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "t/lib/plane_facts.h"

static void install_link(struct plane *p, const struct fips_action *act)
{
	struct link *l = plane_link(p, &act->peer), *other;
	struct expect *expect = plane_expect(p, act->ours);
	struct waiting waiting = { .n = 0 };

	ck_assert_ptr_null(plane_index(p, act->ours, &other));
	if (!l) {
		l = plane_link_slot(p);
		ck_assert_ptr_nonnull(l);
		*l = (struct link){ .used = true, .peer = act->peer };
	}
	plane_key_new(p, act, &l->keys);
	if (!expect)
		return;
	waiting = expect->waiting;
	expect->used = false;
	for (unsigned i = 0; i < waiting.n; i++)
		if (p->node->world->now - waiting.frame[i].at < SECONDS(1))
			plane_established(p, &waiting.frame[i].from, waiting.frame[i].bytes,
			            waiting.frame[i].n);
}

static void use_link(struct plane *p, const struct fips_action *act)
{
	struct link *l = plane_link(p, &act->peer);
	struct key *k = l ? plane_key(l->keys, act->key) : NULL;

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
	struct link *l = plane_link(p, &act->peer);
	struct key *k = l ? plane_key(l->keys, act->key) : NULL;

	ck_assert_ptr_nonnull(k);
	ck_assert_uint_eq(k->ours, act->ours);
	if (l->send == k)
		l->send = NULL;
	plane_key_free(&l->keys, act->key);
}

static void link_down(struct plane *p, const struct fips_action *act)
{
	struct link *l = plane_link(p, &act->peer);

	ck_assert_ptr_nonnull(l);
	ck_assert_ptr_null(l->keys);
	l->used = false;
}

static void install_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);
	struct waiting waiting;

	if (!s) {
		s = plane_session_slot(p);
		ck_assert_ptr_nonnull(s);
		*s = (struct session){ .used = true, .peer = act->peer };
	}
	if (!s->live)
		fips_session_recv_init(&s->recv);
	ck_assert_int_eq(act->pending, s->live);
	s->live = true;
	fips_session_install(&s->recv, &plane_key_new(p, act, &s->keys)->recv, p->node->world->now);
	waiting = s->waiting;
	s->waiting.n = 0;
	for (unsigned i = 0; i < waiting.n; i++)
		if (p->node->world->now - waiting.frame[i].at < SECONDS(1))
			plane_session_message(p, &act->peer, FIPS_UDP_MTU, waiting.frame[i].bytes,
			                waiting.frame[i].n);
}

static void use_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);
	struct key *k = s ? plane_key(s->keys, act->key) : NULL;

	ck_assert_ptr_nonnull(k);
	fips_send_key_start(&k->send, act->k, act->clock_zero);
	s->send = k;
}

static void expect_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);

	ck_assert_ptr_null(s);
	s = plane_session_slot(p);
	ck_assert_ptr_nonnull(s);
	*s = (struct session){ .used = true, .peer = act->peer };
}

static void retire_session_key(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);
	struct key *k = s ? plane_key(s->keys, act->key) : NULL;

	ck_assert_ptr_nonnull(k);
	if (s->send == k)
		s->send = NULL;
	fips_session_retire(&s->recv, act->key);
	plane_key_free(&s->keys, act->key);
}

/* A live route goes with its session; what is parked stays parked. */
static void session_down(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);
	struct dest *d = plane_dest(p, &act->peer);

	if (s) {
		ck_assert_ptr_null(s->keys);
		s->used = false;
	}
	if (d && d->routed)
		d->used = false;
}

static void route(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);
	struct dest *d = plane_dest(p, &act->peer);

	ck_assert(s && s->live && s->send);
	ck_assert(plane_link(p, &act->via_peer));
	ck_assert_uint_ge(act->mtu, 256);
	p->node->route_mtu = act->mtu;
	if (!d) {
		d = plane_dest_slot(p);
		ck_assert_ptr_nonnull(d);
		*d = (struct dest){ .used = true };
	}
	d->addr = act->peer;
	d->hop = act->via_peer;
	d->mtu = act->mtu;
	d->routed = true;
	for (; d->parked; d->parked--)
		plane_send_data(p, s);
}

/* The next packet asks again. */
static void unroute(struct plane *p, const struct fips_action *act)
{
	struct dest *d = plane_dest(p, &act->peer);

	ck_assert(d && d->routed);
	d->used = false;
}

static void unreachable(struct plane *p, const struct fips_action *act)
{
	struct dest *d = plane_dest(p, &act->peer);

	if (!d || d->routed)
		return;
	p->node->dropped += d->parked;
	d->used = false;
}

static void expect_index(struct plane *p, const struct fips_action *act)
{
	struct expect *e = plane_expect_slot(p);
	struct link *l;

	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_null(plane_expect(p, act->ours));
	ck_assert_ptr_null(plane_index(p, act->ours, &l));
	*e = (struct expect){ .used = true, .index = act->ours };
}

static void forget_index(struct plane *p, const struct fips_action *act)
{
	struct expect *e = plane_expect(p, act->ours);

	ck_assert_ptr_nonnull(e);
	e->used = false;
}

static void link_report(struct plane *p, const struct fips_action *act)
{
	struct link *l = plane_link(p, &act->peer);
	struct key *k = l ? plane_key(l->keys, act->key) : NULL;
	struct facts_report report;

	ck_always(k != NULL);
	world_input(p->node, facts_link_report(&report, act, &l->recv, &k->send, &k->recv,
	                                       p->node->world->now));
}

static void session_report(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);
	struct key *k = s ? plane_key(s->keys, act->key) : NULL;
	struct facts_report report;

	ck_always(k != NULL);
	world_input(p->node,
	            facts_session_report(&report, act, &s->recv, &k->send, p->node->world->now));
}

static void send_link(struct plane *p, const struct fips_action *act)
{
	struct link *l = plane_link(p, &act->peer);

	ck_always(l && l->send);
	plane_send_link(p, l, act->bytes, act->len);
}

/* A link that others lie behind may go a moment before their routes do. */
static void send_session(struct plane *p, const struct fips_action *act)
{
	struct session *s = plane_session(p, &act->peer);
	struct dest *d = plane_dest(p, &act->peer);

	ck_always(s && s->live && s->send);
	ck_always(d && d->routed);
	if (!plane_send_session(p, s, act->bytes, act->len))
		ck_assert(!fips_addr_eq(&d->hop, &d->addr));
}

static void set_via(struct plane *p, const struct fips_action *act)
{
	struct link *l = plane_link(p, &act->peer);

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

/* --- words ------------------------------------------------------------------------------------ */

static bool link_words(void *self, const struct fips_addr *peer, struct fips_link_words *out)
{
	const struct link *l = plane_link(self, peer);

	if (!l || !l->send)
		return false;
	facts_link_words(out, &l->recv, &l->send->send);
	return true;
}

static bool session_words(void *self, const struct fips_addr *peer, struct fips_session_words *out)
{
	const struct session *s = plane_session(self, peer);

	if (!s || !s->live || !s->send)
		return false;
	facts_session_words(out, &s->recv, &s->send->send, s->data_at);
	return true;
}

struct fips_words plane_words(struct plane *p)
{
	return (struct fips_words){ .link = link_words, .session = session_words, .self = p };
}
