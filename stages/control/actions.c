/* actions.c - the node's actions, from the head of the queue: which file does what, and the packets
 * among them. */

#include <string.h>

#include "fips/wire/link.h"
#include "stages/control/state.h"

/* A packet that is the node's own.  NULL: not now, the output or the pool has nothing left. */
static struct mr_pkt *packet(const struct fips_action *a, unsigned out, struct mr_turn *t)
{
	struct mr_pkt *p = mr_room(t, out) ? mr_spare(t) : NULL;

	if (p)
		memcpy(mr_pkt_put(p, a->len), a->bytes, a->len);
	return p;
}

static void send(struct mr_pkt *p, unsigned out, struct mr_turn *t)
{
	mr_made(t, 1);
	mr_emit(t, out, p);
}

static bool send_raw(const struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct mr_pkt *p = packet(a, OUT_RAW, t);

	if (!p)
		return false;
	*mr_pkt_via(p) = a->via;
	p->near = mr_control_owner(c, a->peer.b);
	p->mark = MR_SHAPE_FRAME;
	send(p, OUT_RAW, t);
	return true;
}

/* A message of a link or a session; what it was to go by may be gone by now. */
static bool send_by(struct control *c, const struct fips_action *a, bool link, struct mr_turn *t)
{
	const struct relation *r = mr_relation_find(c, link, &a->peer);
	unsigned out = link ? OUT_LINK : OUT_SESSION;
	struct mr_pkt *p;

	if (!r || !r->using) {
		mr_count(t, COUNT_UNSENT, 1);
		return true;
	}
	p = packet(a, out, t);
	if (!p)
		return false;
	if (link) {
		p->near = r->handle;
		p->mark = a->bytes[0] == FIPS_LINK_DATAGRAM ? MR_SHAPE_DATAGRAM : MR_SHAPE_MESSAGE;
	} else {
		p->far = r->handle;
		p->mark = MR_SHAPE_BODY;
	}
	send(p, out, t);
	return true;
}

/* Strangers can make the node talk: so much and no more of each place and peer. */
static void log_line(const struct control *c, const struct fips_action *a)
{
	static const enum mr_level levels[] = {
		[FIPS_LOG_WARN] = MR_LOG_WARN,
		[FIPS_LOG_INFO] = MR_LOG_INFO,
		[FIPS_LOG_DEBUG] = MR_LOG_DEBUG,
	};
	static const struct fips_addr nobody;
	struct mr_log log = mr_log_of(&c->log, "node");
	char of[FIPS_ADDR_TEXT], from[MR_VIA_TEXT] = "";

	fips_addr_text(&a->peer, of);
	if (a->via.len)
		mr_via_text(&a->via, from);
	mr_log_limited(&log, levels[a->level], a->source,
	               fips_addr_eq(&a->peer, &nobody) ? NULL : of, "%.*s%s%s", (int)a->len,
	               (const char *)a->bytes, *from ? "; it came from " : "", from);
}

/* False: no room for it now. */
static bool act_one(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	switch (a->kind) {
	case FIPS_ACT_SEND_RAW:           return send_raw(c, a, t);
	case FIPS_ACT_SEND_LINK:          return send_by(c, a, true, t);
	case FIPS_ACT_SEND_SESSION:       return send_by(c, a, false, t);
	case FIPS_ACT_EXPECT_INDEX:       mr_link_expect(c, a, t); break;
	case FIPS_ACT_FORGET_INDEX:       mr_link_forget(c, a, t); break;
	case FIPS_ACT_INSTALL_LINK:       mr_link_install(c, a, t); break;
	case FIPS_ACT_USE_LINK:           mr_link_use(c, a, t); break;
	case FIPS_ACT_LINK_PROVEN:        mr_link_proven(c, a, t); break;
	case FIPS_ACT_SET_VIA:            mr_link_set_via(c, a, t); break;
	case FIPS_ACT_RETIRE_LINK_KEY:    mr_link_retire(c, a, t); break;
	case FIPS_ACT_LINK_DOWN:          mr_link_end(c, a, t); break;
	case FIPS_ACT_EXPECT_SESSION:     mr_session_expect(c, a, t); break;
	case FIPS_ACT_INSTALL_SESSION:    mr_session_install(c, a, t); break;
	case FIPS_ACT_USE_SESSION:        mr_session_use(c, a, t); break;
	case FIPS_ACT_RETIRE_SESSION_KEY: mr_session_retire(c, a, t); break;
	case FIPS_ACT_SESSION_DOWN:       mr_session_end(c, a, t); break;
	case FIPS_ACT_ROUTE:              mr_control_route(c, a, t); break;
	case FIPS_ACT_UNROUTE:            mr_control_unroute(c, &a->peer, t); break;
	case FIPS_ACT_UNREACHABLE:        mr_control_refuse(c, a, t); break;
	case FIPS_ACT_FORWARD:            mr_control_forward(c, a, t); break;
	case FIPS_ACT_UNFORWARD:          mr_control_unforward(c, &a->peer, t); break;
	case FIPS_ACT_NO_FORWARD:         mr_control_no_forward(c, &a->peer, t); break;
	case FIPS_ACT_CONGESTION:         mr_link_congested(c, a, t); break;
	case FIPS_ACT_ASK_LINK_REPORT:
	case FIPS_ACT_ASK_SESSION_REPORT: mr_control_ask_report(c, a, t); break;
	case FIPS_ACT_RESOLVE_NAME:       mr_control_ask_name(c, a, t); break;
	case FIPS_ACT_LOG:                log_line(c, a); break;
	case FIPS_ACT_KINDS:              break;
	}
	return true;
}

bool mr_control_act(struct control *c, struct mr_turn *t)
{
	while (c->actions.n && !c->installing) {
		if (!act_one(c, fips_actions_head(&c->actions), t))
			return false;
		fips_actions_pop(&c->actions);
	}
	return true;
}
