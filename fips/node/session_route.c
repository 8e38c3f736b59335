/* session_route.c - the way of a session: its first hop, its size, and our place and theirs in the
 * tree (session.md 1.2, 3.11, 4.5).
 *
 * What neighbours forward by are coordinates, and they forget them after five minutes.  Data never
 * carries any: CoordsWarmup does, when a session begins, when it takes another way, when the other
 * end has been looked up, when either end has moved, when somebody on the way complains, and each
 * time once more a second later, since it may get lost. */

#include "fips/node/parts.h"

#define PLACE_GAP    (2 * MR_NS_PER_S) /* between two that say our place is another   */
#define WARMUP_AGAIN MR_NS_PER_S       /* after the first                             */
#define WARMUP_LAST  (2 * MR_NS_PER_S) /* after the second, if nothing came back      */

static void unroute(struct fips_node *n, struct fips_session *s)
{
	if (s->routed)
		fips_act_peer(n, FIPS_ACT_UNROUTE, &s->addr);
	s->routed = false;
}

/* Another first hop is another path: what was learnt of the last one is worth nothing. */
static void leave_by(struct fips_session *s, const struct fips_addr *hop)
{
	if (s->hop_known && !fips_addr_eq(&s->hop, hop))
		fips_pmtu_forget(&s->pmtu);
	s->hop = *hop;
	s->hop_known = true;
	s->routed = true;
}

/* What the answer to a lookup says of the path is anybody's word on the way: it counts as a
 * signal's does, and other claims may raise it again (session.md 4.5). */
void fips_session_found(struct fips_node *n, struct fips_session *s)
{
	uint16_t found = fips_mesh_path_mtu(n, &s->addr);

	if (found && found < s->pmtu.current)
		fips_pmtu_claim(&s->pmtu, found, fips_ms(n->timers.path_mtu), n->now);
}

static void route(struct fips_node *n, struct fips_session *s, const struct fips_peer *hop,
                  bool anew)
{
	bool same = s->routed && fips_addr_eq(&s->hop, &hop->addr);
	bool other = s->hop_known && !same && !fips_addr_eq(&hop->addr, &s->addr);
	struct fips_action *act;

	leave_by(s, &hop->addr);
	fips_pmtu_seed(&s->pmtu, n->link_mtu);
	fips_destination_reached(n, &s->addr);
	if (!anew && same && s->pmtu.current == s->route_mtu)
		return;
	s->route_mtu = s->pmtu.current;
	act = fips_act_peer(n, FIPS_ACT_ROUTE, &s->addr);
	act->via_peer = hop->addr;
	act->mtu = s->route_mtu;
	if (other)
		fips_session_place(n, s); /* nobody on the new way need know where its ends are */
}

static void look(struct fips_node *n, struct fips_session *s, bool anew)
{
	const struct fips_peer *hop = fips_hop_to(n, &s->addr);

	s->reroute_at = MR_NEVER;
	if (hop)
		route(n, s, hop, anew);
	else
		unroute(n, s);
}

void fips_session_route(struct fips_node *n, struct fips_session *s)
{
	look(n, s, true);
}

void fips_session_relook(struct fips_node *n, struct fips_session *s)
{
	look(n, s, false);
}

/* Ways may be others than they were: all are looked at again,
 * as many a call as the timers serve. */
void fips_sessions_relook(struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_sessions; i++) {
		struct fips_session *s = &n->sessions[i];

		if (!s->used || s->state != FIPS_SESSION_ESTABLISHED)
			continue;
		s->reroute_at = n->now;
		fips_mark_session(n, s);
	}
}

/* ---- coordinates ---- */

bool fips_session_their_place(struct fips_node *n, const struct fips_addr *them, size_t fixed,
                        struct fips_treepath *theirs)
{
	size_t link = n->link_mtu - (size_t)FIPS_LINK_OVERHEAD - FIPS_DATAGRAM_HEAD;
	size_t room = link < FIPS_PAPER_MAX ? link : FIPS_PAPER_MAX;

	return fips_mesh_coords(n, them, theirs) &&
	       fixed + FIPS_ADDR_LEN * (size_t)(fips_mesh_path(n)->n + theirs->n) <= room;
}

/* A message that exists for its coordinates, and that shows the other side we hold the new key.  Of
 * a place that is not known it says nothing: whoever forwards may know better. */
void fips_session_warmup(struct fips_node *n, struct fips_session *s)
{
	uint8_t lists[FIPS_ACT_BYTES - 1];
	struct mr_wire out = mr_wire_write(lists, sizeof lists);
	struct fips_coords us = fips_treepath_coords(fips_mesh_path(n)), them = { 0 };
	struct fips_treepath theirs;

	if (fips_session_their_place(n, &s->addr, FIPS_FSP_OVERHEAD + 2 * FIPS_COORDS_LEN(0),
	                             &theirs))
		them = fips_treepath_coords(&theirs);
	fips_coords_put(&out, &us);
	fips_coords_put(&out, &them);
	fips_act_session(n, &s->addr, FIPS_FSP_COORDS_WARMUP, lists, (size_t)(out.at - lists));
}

void fips_session_warm(struct fips_node *n, struct fips_session *s)
{
	fips_session_warmup(n, s);
	s->warmups = 0;
	s->warmup_at = n->now + WARMUP_AGAIN;
}

/* Coordinates that others keep of us, or we of others, are wrong from now on, and a datagram that
 * goes by them may go in circles without a word from anybody.  So who finds another place says so
 * along each session, and who hears of it answers: the way there and the way back may not be the
 * same.  A setup of ours under way is sent again. */
void fips_session_place(struct fips_node *n, struct fips_session *s)
{
	if (s->state == FIPS_SESSION_ANSWERED || s->place_at != MR_NEVER)
		return;
	if (s->state == FIPS_SESSION_INITIATING && fips_hop_near(n, &s->addr))
		return; /* nobody on the way goes by places */
	s->place_at = s->placed_at ? s->placed_at + PLACE_GAP : 0;
	if (s->place_at < n->now)
		s->place_at = n->now;
	fips_mark_session(n, s);
}

void fips_sessions_place(struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_sessions; i++)
		if (n->sessions[i].used)
			fips_session_place(n, &n->sessions[i]);
}

bool fips_session_placed(struct fips_node *n, struct fips_session *s)
{
	if (n->now < s->place_at)
		return false;
	s->place_at = MR_NEVER;
	s->placed_at = n->now;
	return true;
}

void fips_session_warmup_timer(struct fips_node *n, struct fips_session *s)
{
	if (fips_session_placed(n, s))
		fips_session_warm(n, s);
	if (n->now < s->warmup_at)
		return;
	s->warmup_at = MR_NEVER;
	if (s->warmups == 0 || !s->confirmed)
		fips_session_warmup(n, s);
	s->warmups++;
	if (s->warmups == 1 && !s->confirmed && s->initiator)
		s->warmup_at = n->now + WARMUP_LAST;
}
