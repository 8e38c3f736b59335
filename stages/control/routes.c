/* routes.c - the routes table, which is keyed by what an IPv6 address shows of a node.
 *
 * A destination that is not in it makes route ask.  One that cannot be reached stands in it for a
 * second, so that packets are answered without asking each time. */

#include <stdlib.h>
#include <string.h>

#include "stages/control/state.h"

static bool put(struct control *c, const uint8_t *prefix, struct fips_route_entry entry,
                struct mr_turn *t)
{
	struct fips_route_entry *e = mr_control_memory(sizeof *e);

	*e = entry;
	if (mr_table_put(c->mesh->routes, mr_turn_epoch(t), prefix, e) != MR_NO_HANDLE)
		return true;
	mr_count(t, COUNT_TABLE_FULL, 1);
	free(e);
	return false;
}

/* Packets parked for this destination are to be looked at again. */
static void look_again(struct control *c, const uint8_t *prefix, struct mr_turn *t)
{
	struct control_order *o = mr_control_order(c, MR_ORD_ROUTE, NULL, NULL);

	memcpy(o->prefix, prefix, FIPS_ROUTE_KEY);
	o->order.p = o->prefix;
	mr_control_post_to(c, "route", o->prefix, o, t);
}

/* The session's entry shows the path MTU too: it clamps what comes from there. */
static void note_mtu(struct control *c, struct relation *session, uint16_t mtu, struct mr_turn *t)
{
	const struct fips_session_entry *old = mr_table_at(c->mesh->sessions, session->handle);
	struct fips_session_entry *e;

	session->mtu = mtu;
	if (!old || old->path_mtu == mtu)
		return;
	e = mr_control_memory(sizeof *e);
	*e = *old;
	e->path_mtu = mtu;
	mr_table_put(c->mesh->sessions, mr_turn_epoch(t), session->peer.b, e); /* replaces */
}

void mr_control_route(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *session = mr_relation_find(c, false, &a->peer);
	const struct relation *link = mr_relation_find(c, true, &a->via_peer);
	uint16_t mtu;

	if (!session || !link || session->handle == FIPS_NO_HANDLE ||
	    link->handle == FIPS_NO_HANDLE) {
		mr_count(t, COUNT_UNSENT, 1);
		return;
	}
	session->wide = a->mtu;
	mtu = a->mtu < link->mtu ? a->mtu : link->mtu;
	note_mtu(c, session, mtu, t);
	if (put(c, a->peer.b, (struct fips_route_entry){ .dest = a->peer, .state = FIPS_ROUTE_LIVE,
	                                                 .link = link->handle,
	                                                 .session = session->handle,
	                                                 .mtu = mtu,
	                                                 .first = link->mtu }, t))
		look_again(c, a->peer.b, t);
}

void mr_control_narrow(struct control *c, const struct relation *link, struct mr_turn *t)
{
	for (unsigned i = 0; i < CONTROL_BUCKETS; i++) {
		for (struct relation *s = c->sessions[i]; s; s = s->next) {
			const struct fips_route_entry *e =
				mr_table_find(c->mesh->routes, s->peer.b);
			struct fips_route_entry now;

			if (!e || e->state != FIPS_ROUTE_LIVE || e->link != link->handle ||
			    !fips_addr_eq(&e->dest, &s->peer))
				continue;
			now = *e;
			now.first = link->mtu;
			now.mtu = s->wide < link->mtu ? s->wide : link->mtu;
			note_mtu(c, s, now.mtu, t);
			put(c, s->peer.b, now, t);
		}
	}
}

void mr_control_unroute(struct control *c, const struct fips_addr *peer, struct mr_turn *t)
{
	const struct fips_route_entry *e = mr_table_find(c->mesh->routes, peer->b);

	if (e && e->state == FIPS_ROUTE_LIVE && fips_addr_eq(&e->dest, peer))
		mr_table_remove(c->mesh->routes, mr_turn_epoch(t), peer->b);
}

static void forget_oldest(struct control *c, struct mr_turn *t)
{
	const uint8_t *prefix = c->refusal[0].prefix;
	const struct fips_route_entry *e = mr_table_find(c->mesh->routes, prefix);

	if (e && e->state == FIPS_ROUTE_UNREACHABLE)
		mr_table_remove(c->mesh->routes, mr_turn_epoch(t), prefix);
	memmove(c->refusal, c->refusal + 1, --c->n_refusals * sizeof c->refusal[0]);
}

void mr_control_refuse(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	const struct fips_route_entry *e = mr_table_find(c->mesh->routes, a->peer.b);
	const struct fips_route_entry none = { .dest = a->peer, .state = FIPS_ROUTE_UNREACHABLE,
		                               .link = FIPS_NO_HANDLE,
		                               .session = FIPS_NO_HANDLE };
	struct control_refusal *refusal;

	if (!e) {
		if (c->n_refusals == CONTROL_REFUSALS)
			forget_oldest(c, t);
		if (!put(c, a->peer.b, none, t))
			return;
		refusal = &c->refusal[c->n_refusals++];
		memcpy(refusal->prefix, a->peer.b, FIPS_ROUTE_KEY);
		refusal->until = t->now + CONTROL_REFUSAL_NS;
	}
	look_again(c, a->peer.b, t);
}

void mr_refusals_expire(struct control *c, struct mr_turn *t)
{
	while (c->n_refusals && c->refusal[0].until <= t->now)
		forget_oldest(c, t);
}
