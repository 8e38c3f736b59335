/* orders.c - orders to stages, and what happens when they have been acknowledged.
 *
 * An order holds on to the relation and the key it names: neither is freed while a stage may still
 * look at it. */

#include <stdlib.h>

#include "stages/control/state.h"

struct control_order *mr_control_order(struct control *c, unsigned kind, struct relation *r,
                                       struct control_key *key)
{
	struct control_order *o = mr_control_memory(sizeof *o);

	o->order.kind = kind;
	o->relation = r;
	o->key = key;
	if (r)
		r->orders++;
	if (key)
		key->orders++;
	o->next = c->orders;
	o->at = &c->orders;
	if (o->next)
		o->next->at = &o->next;
	c->orders = o;
	return o;
}

static void unlist(struct control_order *o)
{
	*o->at = o->next;
	if (o->next)
		o->next->at = o->at;
}

/* The order is over, by its acknowledgement or because there was nobody to send it to. */
static void over(struct control *c, struct control_order *o, struct mr_turn *t)
{
	struct relation *r = o->relation;
	struct control_key *key = o->key;

	unlist(o);
	if (o->then)
		o->then(c, o, t);
	free(o);
	mr_control_release(c, r, key, t);
}

static void done(struct mr_order *order, void *host, struct mr_turn *t)
{
	over(host, (struct control_order *)(void *)order, t);
	mr_control_go_on(host, t);
}

/* The graph has no stage that would have what this order is about.  Then it is nobody's, and kept
 * as it should be: the next graph may have such a stage,
 * and must not find keys there that are gone. */
static void apply(struct mr_order *order, uint64_t now)
{
	switch (order->kind) {
	case MR_ORD_LINK_PROMOTE:    fips_link_promote(order->p, order->q, order->a, now); break;
	case MR_ORD_LINK_MOVE:       fips_link_move(order->p, order->q); break;
	case MR_ORD_SESSION_INSTALL: fips_session_install(order->p, order->q, now); break;
	case MR_ORD_SESSION_PROMOTE: fips_session_promote(order->p, order->a, now); break;
	case MR_ORD_SESSION_RETIRE:  fips_session_retire(order->p, order->a); break;
	default:                     break;
	}
}

static bool posted(struct control *c, struct control_order *o, bool sent, struct mr_turn *t)
{
	if (sent) {
		mr_count(t, COUNT_ORDERS, 1);
		return true;
	}
	apply(&o->order, t->now);
	over(c, o, t);
	return false;
}

bool mr_control_post(struct control *c, const char *stage, struct control_order *o,
                     struct mr_turn *t)
{
	o->order.done = done;
	return posted(c, o, mr_order_send(t, stage, &o->order), t);
}

bool mr_control_post_to(struct control *c, const char *stage, const uint8_t *prefix,
                        struct control_order *o, struct mr_turn *t)
{
	unsigned hash = mr_handle_hash(mr_control_owner(c, prefix));

	o->order.done = done;
	return posted(c, o, mr_order_send_to(t, stage, hash, &o->order), t);
}

/* Nobody acknowledges any more. */
void mr_control_orders_close(struct control *c)
{
	while (c->orders) {
		struct control_order *o = c->orders;

		unlist(o); /* of the list: NOLINT(clang-analyzer-unix.Malloc) */
		free(o);
	}
}
