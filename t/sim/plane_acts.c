/* plane_acts.c - the brain's actions, done to the tables of a simulated data plane. */
#include <stdlib.h>
#include <string.h>

#include "fips/path/link_seal.h"
#include "t/lib/plane_facts.h"
#include "t/sim/air.h"
#include "t/sim/flows.h"
#include "t/sim/node.h"
#include "t/sim/plane_state.h"

/* An action must name what is there. */
#define HAS(p, what)                                                                         \
	sim_must((p)->node->sim, what, "node %u: %s: not so: %s", (p)->node->id, __func__, #what)

static bool is_young(const struct sim_plane *p, const struct bytes *f)
{
	return p->node->sim->now - f->at < HOLD;
}

/* --- links ------------------------------------------------------------------------------------ */

static void install_link(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);
	struct expect *expect = sim_expect(p, act->ours);
	struct waiting waiting = { .n = 0 };

	HAS(p, !sim_index(p, act->ours));
	if (!l)
		l = sim_link_add(p, &act->peer);
	sim_key_add(p, act, &l->keys, l);
	if (!expect)
		return;
	waiting = expect->waiting;
	expect->waiting.n = 0;
	sim_expect_free(p, expect);
	for (unsigned i = 0; i < waiting.n; i++)
		if (is_young(p, waiting.frame[i]))
			sim_established(p, &waiting.frame[i]->from, waiting.frame[i]->b,
			                waiting.frame[i]->n, &waiting.frame[i]->trail);
	sim_waiting_free(&waiting);
}

static void use_link(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);
	struct key *k = l ? sim_key(l->keys, act->key) : NULL;

	HAS(p, k && act->via.len > 0);
	fips_send_key_start(&k->send, act->k, act->clock_zero);
	if (!l->send)
		fips_link_recv_init(&l->recv, &act->via);
	l->send = k;
	l->via = act->via;
	fips_link_move(&l->recv, &act->via);
	fips_link_promote(&l->recv, &k->recv, act->key, p->node->sim->now);
}

static void set_via(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);

	HAS(p, l && l->send);
	l->via = act->via;
	fips_link_move(&l->recv, &act->via);
}

static void retire_link_key(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);
	struct key *k = l ? sim_key(l->keys, act->key) : NULL;

	HAS(p, k && k->ours == act->ours);
	if (l->send == k)
		l->send = NULL;
	sim_key_free(p, &l->keys, k);
}

static void link_down(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);

	HAS(p, l && !l->keys);
	sim_link_free(p, l);
}

static void expect_index(struct sim_plane *p, const struct fips_action *act)
{
	HAS(p, !sim_expect(p, act->ours) && !sim_index(p, act->ours));
	sim_expect_add(p, act->ours);
}

static void forget_index(struct sim_plane *p, const struct fips_action *act)
{
	struct expect *e = sim_expect(p, act->ours);

	HAS(p, e);
	sim_expect_free(p, e);
}

static void send_link(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);
	uint8_t buffer[FIPS_LINK_FRONT + FIPS_ACT_BYTES + FIPS_LINK_BACK];

	HAS(p, l && l->send && act->len > 0);
	memcpy(buffer + FIPS_LINK_FRONT, act->bytes, act->len);
	sim_send_link(p, l, buffer + FIPS_LINK_FRONT, act->len, false, NULL);
}

static void proven(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);

	HAS(p, l && l->send);
	l->proven = true;
}

static void congestion(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);

	if (l)
		l->congested = act->congested;
}

/* --- sessions --------------------------------------------------------------------------------- */

static void expect_session(struct sim_plane *p, const struct fips_action *act)
{
	HAS(p, !sim_session(p, &act->peer));
	sim_session_add(p, &act->peer);
}

static void install_session(struct sim_plane *p, const struct fips_action *act)
{
	struct session *s = sim_session(p, &act->peer);
	struct waiting waiting;

	if (!s)
		s = sim_session_add(p, &act->peer);
	if (!s->live)
		fips_session_recv_init(&s->recv);
	HAS(p, act->pending == s->live);
	s->live = true;
	fips_session_install(&s->recv, &sim_key_add(p, act, &s->keys, NULL)->recv,
	                     p->node->sim->now);
	waiting = s->waiting;
	s->waiting.n = 0;
	for (unsigned i = 0; i < waiting.n; i++)
		if (is_young(p, waiting.frame[i]))
			sim_session_message(p, waiting.frame[i]->b, waiting.frame[i]->n, false,
			                    &waiting.frame[i]->trail);
	sim_waiting_free(&waiting);
}

static void use_session(struct sim_plane *p, const struct fips_action *act)
{
	struct session *s = sim_session(p, &act->peer);
	struct key *k = s ? sim_key(s->keys, act->key) : NULL;

	HAS(p, k);
	fips_send_key_start(&k->send, act->k, act->clock_zero);
	s->send = k;
}

static void retire_session_key(struct sim_plane *p, const struct fips_action *act)
{
	struct session *s = sim_session(p, &act->peer);
	struct key *k = s ? sim_key(s->keys, act->key) : NULL;

	HAS(p, k);
	if (s->send == k)
		s->send = NULL;
	fips_session_retire(&s->recv, act->key);
	sim_key_free(p, &s->keys, k);
}

/* A live route goes with its session; what is parked stays parked. */
static void session_down(struct sim_plane *p, const struct fips_action *act)
{
	struct session *s = sim_session(p, &act->peer);
	struct dest *d = sim_dest(p, act->peer.b);

	if (s) {
		HAS(p, !s->keys);
		sim_session_free(p, s);
	}
	if (d && d->routed)
		sim_dest_free(p, d);
}

/* A link that others lie behind may go a moment before their routes do. */
static void send_session(struct sim_plane *p, const struct fips_action *act)
{
	struct session *s = sim_session(p, &act->peer);
	struct dest *d = sim_dest(p, act->peer.b);

	HAS(p, s && s->live && s->send && d && d->routed);
	if (!sim_send_body(p, s, act->bytes, act->len))
		HAS(p, !fips_addr_eq(&d->hop, &d->addr));
}

/* --- routes ----------------------------------------------------------------------------------- */

static void route(struct sim_plane *p, const struct fips_action *act)
{
	struct session *s = sim_session(p, &act->peer);
	struct dest *d = sim_dest(p, act->peer.b);
	struct bytes *parked[PARKED];
	unsigned n;

	HAS(p, s && s->live && s->send);
	HAS(p, sim_link(p, &act->via_peer) && act->mtu >= FIPS_PATH_MTU_MIN);
	if (!d)
		d = sim_dest_add(p, &act->peer);
	d->addr = act->peer;
	d->hop = act->via_peer;
	d->mtu = act->mtu;
	d->routed = true;
	n = d->n_parked;
	memcpy(parked, d->parked, sizeof parked);
	d->n_parked = 0;
	for (unsigned i = 0; i < n; i++) {
		sim_send_ip(p, d, parked[i]->b, parked[i]->n);
		free(parked[i]);
	}
}

/* The next packet asks again. */
static void unroute(struct sim_plane *p, const struct fips_action *act)
{
	struct dest *d = sim_dest(p, act->peer.b);

	HAS(p, d && d->routed);
	sim_dest_free(p, d);
}

static void unreachable(struct sim_plane *p, const struct fips_action *act)
{
	struct dest *d = sim_dest(p, act->peer.b);

	if (!d || d->routed)
		return;
	for (unsigned i = 0; i < d->n_parked; i++)
		sim_flow_told(p->node, d->parked[i]->b, d->parked[i]->n);
	sim_dest_free(p, d);
}

/* --- reports ---------------------------------------------------------------------------------- */

static void link_report(struct sim_plane *p, const struct fips_action *act)
{
	struct link *l = sim_link(p, &act->peer);
	struct key *k = l ? sim_key(l->keys, act->key) : NULL;
	struct facts_report report;

	HAS(p, k);
	sim_node_input(p->node, facts_link_report(&report, act, &l->recv, &k->send, &k->recv,
	                                          p->node->sim->now));
}

static void session_report(struct sim_plane *p, const struct fips_action *act)
{
	struct session *s = sim_session(p, &act->peer);
	struct key *k = s ? sim_key(s->keys, act->key) : NULL;
	struct facts_report report;

	HAS(p, k);
	sim_node_input(p->node,
	               facts_session_report(&report, act, &s->recv, &k->send, p->node->sim->now));
}

void sim_plane_act(struct sim_plane *p, const struct fips_action *act)
{
	switch (act->kind) {
	case FIPS_ACT_SEND_RAW: sim_air_send(p->node, &act->via, act->bytes, act->len, NULL); break;
	case FIPS_ACT_SEND_LINK: send_link(p, act); break;
	case FIPS_ACT_SEND_SESSION: send_session(p, act); break;
	case FIPS_ACT_EXPECT_INDEX: expect_index(p, act); break;
	case FIPS_ACT_FORGET_INDEX: forget_index(p, act); break;
	case FIPS_ACT_INSTALL_LINK: install_link(p, act); break;
	case FIPS_ACT_USE_LINK: use_link(p, act); break;
	case FIPS_ACT_LINK_PROVEN: proven(p, act); break;
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
	case FIPS_ACT_NO_FORWARD: sim_act_forward(p, act); break;
	case FIPS_ACT_CONGESTION: congestion(p, act); break;
	case FIPS_ACT_RESOLVE_NAME: sim_node_resolve(p->node, &act->peer); break;
	case FIPS_ACT_LOG:
	case FIPS_ACT_KINDS: break;
	}
}
