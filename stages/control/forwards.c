/* forwards.c - others' datagrams: the forwards table, and what route says of them.
 *
 *     route --- wanted ---> the node decides ---> entry ---> order: look at what waits again
 *           --- learned --> the node keeps it
 *           --- undeliverable ---> the node tells the sender
 *
 * A destination without a next hop stands in the table as refused for a second, so that the next
 * datagrams do not ask each time; it leaves at once when somebody says where it is. */

#include <stdlib.h>
#include <string.h>

#include "fips/path/transit.h"
#include "stages/control/state.h"

/* That it was used is noted anew. */
static bool put(struct control *c, struct fips_forward_entry entry, struct mr_turn *t)
{
	struct fips_forward_entry *e = mr_control_memory(sizeof *e);

	memcpy(e, &entry, sizeof *e);
	e->used = &e->word;
	if (mr_table_put(c->mesh->forwards, mr_turn_epoch(t), e->dest.b, e) != MR_NO_HANDLE)
		return true;
	mr_count(t, COUNT_TABLE_FULL, 1);
	free(e);
	return false;
}

static void look_again(struct control *c, const struct fips_addr *dest, struct mr_turn *t)
{
	struct control_order *o = mr_control_order(c, MR_ORD_FORWARD, NULL, NULL);

	memcpy(o->prefix, dest->b, FIPS_ADDR_LEN);
	o->order.p = o->prefix;
	mr_control_post_to(c, "route", o->prefix, o, t);
}

void mr_control_forward(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	const struct relation *link = mr_relation_find(c, true, &a->via_peer);

	if (!link || link->handle == FIPS_NO_HANDLE)
		mr_count(t, COUNT_UNSENT, 1);
	else if (put(c, (struct fips_forward_entry){ .dest = a->peer, .route = a->route,
	                                             .link = link->handle }, t))
		look_again(c, &a->peer, t);
}

void mr_control_unforward(struct control *c, const struct fips_addr *dest, struct mr_turn *t)
{
	const struct fips_forward_entry *e = mr_table_find(c->mesh->forwards, dest->b);

	if (e && !e->refused)
		mr_table_remove(c->mesh->forwards, mr_turn_epoch(t), dest->b);
	look_again(c, dest, t);
}

/* ---- refused for a while ---- */

static void admit(struct control *c, const struct fips_addr *dest, struct mr_turn *t)
{
	const struct fips_forward_entry *e = mr_table_find(c->mesh->forwards, dest->b);

	if (e && e->refused)
		mr_table_remove(c->mesh->forwards, mr_turn_epoch(t), dest->b);
}

static void forget_oldest(struct control *c, struct mr_turn *t)
{
	admit(c, &c->refused[0].dest, t);
	memmove(c->refused, c->refused + 1, --c->n_refused * sizeof c->refused[0]);
}

void mr_control_no_forward(struct control *c, const struct fips_addr *dest, struct mr_turn *t)
{
	if (c->n_refused == CONTROL_REFUSALS)
		forget_oldest(c, t);
	if (put(c, (struct fips_forward_entry){ .dest = *dest, .refused = true,
	                                        .link = FIPS_NO_HANDLE }, t))
		c->refused[c->n_refused++] =
			(struct control_refused){ *dest, t->now + CONTROL_REFUSAL_NS };
	look_again(c, dest, t);
}

void mr_refused_expire(struct control *c, struct mr_turn *t)
{
	while (c->n_refused && c->refused[0].until <= t->now)
		forget_oldest(c, t);
}

/* ---- what route and fsp-open say ---- */

/* A node address and what follows it. */
static bool take_apart(const struct mr_pkt *p, struct fips_input *in)
{
	if (p->len < FIPS_ADDR_LEN)
		return false;
	in->peer = fips_addr_at(p->data);
	in->bytes = p->data + FIPS_ADDR_LEN;
	in->len = p->len - FIPS_ADDR_LEN;
	return true;
}

static void tell_about(struct control *c, enum fips_input_kind kind, struct mr_pkt *p,
                       struct mr_turn *t)
{
	struct fips_input in = { .kind = kind };

	if (!take_apart(p, &in)) {
		mr_drop(t, DROP_MALFORMED, p);
		return;
	}
	if (kind == FIPS_IN_LEARNED)
		admit(c, &in.peer, t);
	mr_control_tell(c, &in, t);
	mr_take(t, p);
}

static void undelivered(struct control *c, const struct mr_pkt *p, struct mr_turn *t)
{
	const struct control_key *key = mr_control_key(c, p->seq);
	struct fips_input in = { .kind = FIPS_IN_UNDELIVERED, .bytes = p->data, .len = p->len,
	                         .mtu = p->limit };

	if (key && key->of->link)
		in.peer = key->of->peer;
	mr_control_tell(c, &in, t);
}

static unsigned why(const struct control *c, const struct mr_pkt *p)
{
	if (p->limit)
		return DROP_TOO_BIG;
	if (p->len < FIPS_DATAGRAM_HEAD)
		return DROP_NO_ROUTE;
	return fips_transit_last(p->data) || !memcmp(p->data + FIPS_DATAGRAM_AT_SRC,
	                                             c->mesh->me.addr.b, FIPS_ADDR_LEN) ?
	               DROP_ROUND :
	               DROP_NO_ROUTE;
}

void mr_control_others(struct control *c, struct mr_pkt *p, struct mr_turn *t)
{
	unsigned drop = why(c, p);

	switch (p->mark) {
	case MR_SHAPE_LEARNED: tell_about(c, FIPS_IN_LEARNED, p, t); break;
	case MR_SHAPE_WANTED: tell_about(c, FIPS_IN_FORWARD, p, t); break;
	default:
		undelivered(c, p, t);
		mr_drop(t, drop, p);
		break;
	}
}

/* ---- congestion ---- */

void mr_link_congested(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *r = mr_relation_find(c, true, &a->peer);

	if (!r || r->handle == FIPS_NO_HANDLE || r->congested == a->congested)
		return;
	r->congested = a->congested;
	mr_link_put(c, r, t);
}
