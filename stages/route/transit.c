/* transit.c - datagrams of other nodes (mesh.md 5.2, session.md 1.3), in the order of its steps.
 *
 *   1. malformed: dropped; ours come back: control is told
 *   2. coordinates in it are told to control          any, whatever becomes of the datagram
 *   3. ttl used up: control is told, so that it tells the sender
 *   4. the next hop: a neighbour that is known to be there, or what `forwards` says; looked up once
 *      a call for a destination
 *   5. none known: it waits, and control is asked
 *      there is none, or it is where it came from, or it is too big for the link: control is told,
 *      so that it tells the sender
 *   6. ttl, path MTU and CE are written, and it leaves
 *
 * A datagram that waits is as it came: it goes through the last of this when its time has come. */

#include <string.h>

#include "fips/path/transit.h"
#include "stages/lib/words.h"
#include "stages/route/route.h"

#define EXPIRY (5 * MR_NS_PER_S) /* control answers at once; nobody waits longer for one that
                                  * cannot */
#define STAMP  MR_NS_PER_S       /* between two notes that a forward is used */

static const uint8_t *dest_of(const struct mr_pkt *p)
{
	return p->data + FIPS_DATAGRAM_AT_DEST;
}

/* ---- the next hop ---- */

/* Returns the entry it was found by, if it is no neighbour. */
static const struct fips_forward_entry *look_up(const struct route *r, struct route_way *w,
                                                const uint8_t *dest)
{
	const struct fips_forward_entry *f;

	*w = (struct route_way){ .call = r->call, .class = FIPS_ROUTE_DIRECT_PEER };
	memcpy(w->dest.b, dest, FIPS_ADDR_LEN);
	w->link = mr_table_find(r->mesh->links, dest);
	if (w->link && w->link->proven) {
		w->near = mr_table_handle(r->mesh->links, dest);
		return NULL;
	}
	w->link = NULL;
	f = mr_table_find(r->mesh->forwards, dest);
	if (!f)
		return NULL;
	w->refused = f->refused;
	w->near = f->link;
	w->class = f->route;
	if (!f->refused)
		w->link = mr_table_at(r->mesh->links, f->link);
	return f;
}

static const struct route_way *find_way(struct route *r, const uint8_t *dest, uint64_t now)
{
	struct route_way *w = &r->way[dest[1] % ROUTE_SEEN];
	const struct fips_forward_entry *f;

	if (w->call == r->call && !memcmp(w->dest.b, dest, FIPS_ADDR_LEN))
		return w;
	f = look_up(r, w, dest);
	if (f && now - fips_word_get(f->used) >= STAMP)
		fips_word_set(f->used, now);
	return w;
}

static bool is_answered(const struct route_way *w)
{
	return w->link || w->refused;
}

/* ---- where it ends here ---- */

/* Control makes the signal.  It is not asked for more than it would send: none that answers a
 * signal, one in 100 ms a destination.  Whose sender is not told ends here, under this name. */
static void report(struct route *r, struct mr_pkt *p, uint16_t mtu, unsigned untold,
                   struct mr_turn *t)
{
	struct fips_addr dest = fips_addr_at(dest_of(p));

	if (!fips_transit_answerable(p->data, p->len) || !mr_nudge(&r->signals, &dest, t->now)) {
		mr_drop(t, untold, p);
		return;
	}
	p->limit = mtu;
	p->mark = MR_SHAPE_DATAGRAM;
	mr_emit(t, ROUTE_CONTROL, p);
}

static void undeliverable(struct route *r, struct mr_pkt *p, uint16_t mtu, struct mr_turn *t)
{
	mr_count(t, mtu ? ROUTE_DROP_MTU : ROUTE_DROP_NO_ROUTE, 1);
	mr_count(t, mtu ? ROUTE_DROP_MTU_BYTES : ROUTE_DROP_NO_ROUTE_BYTES, p->len);
	report(r, p, mtu, mtu ? ROUTE_TOO_BIG : ROUTE_NO_ROUTE, t);
}

/* No way is as long as a ttl, so it has gone in circles: three nodes or more think each other
 * nearer to its destination, each by coordinates of another age.  That lasts until somebody tells
 * them all where the destination is, which is what its sender does that hears of it (ours: mesh.md
 * 5.2 drops it in silence).  Where the circle leads through its sender, that one sees it itself. */
static void went_round(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	mr_count(t, ROUTE_TTL_EXHAUSTED, 1);
	mr_count(t, ROUTE_TTL_EXHAUSTED_BYTES, p->len);
	report(r, p, 0, ROUTE_TTL, t);
}

/* ---- where it goes on ---- */

/* By the link it came by?  There they think us nearer to its destination, and we them: one of both
 * goes by coordinates that are old, and it would go to and fro until its ttl is used up, datagram
 * after datagram.  That is no way; and its sender, who is told, tells those on the way where the
 * destination is (ours: mesh.md 5.3 does not except the link). */
static bool goes_back(const struct route_way *w, const struct mr_pkt *p)
{
	return w->near == p->near;
}

static void send_on(struct route *r, const struct route_way *w, struct mr_pkt *p, struct mr_turn *t)
{
	if (!w->link || goes_back(w, p)) {
		undeliverable(r, p, 0, t);
		return;
	}
	if (fips_transit_mtu(p->data, p->len, w->link->mtu) != FIPS_TRANSIT_FORWARD) {
		undeliverable(r, p, w->link->mtu, t);
		return;
	}
	fips_transit_ttl(p->data);
	if (fips_transit_ce(p->flags & MR_FLAG_CE, w->link->congested)) {
		p->flags |= MR_FLAG_CE;
		mr_count(t, ROUTE_CE_FORWARDED, 1);
		mr_count(t, ROUTE_CONGESTED, w->link->congested);
	}
	p->near = w->near;
	mr_count(t, ROUTE_FORWARDED, 1);
	mr_count(t, ROUTE_FORWARDED_BYTES, p->len);
	mr_count(t, ROUTE_CLASS + w->class, 1);
	mr_emit(t, ROUTE_FORWARD, p);
}

/* ---- what it tells ---- */

static void learn(struct route *r, const struct mr_pkt *p, struct mr_turn *t)
{
	unsigned told = 0;

	if (mr_learn(&r->learner, p, false, ROUTE_CONTROL, r->left + 1, &told, t) ==
	    FIPS_LEARN_MALFORMED) {
		mr_count(t, ROUTE_WARM_MALFORMED, 1);
		mr_count(t, ROUTE_WARM_MALFORMED_BYTES, p->len);
	}
	mr_count(t, ROUTE_LEARNED, told);
}

/* ---- waiting ---- */

/* Questions are bounded by who causes them, so that one neighbour's unknown destinations are not in
 * the way of another's. */
static bool may_ask(struct route *r, const struct mr_pkt *p, uint64_t now)
{
	for (unsigned i = 0; !r->open && i < ROUTE_ASKERS; i++)
		fips_bucket_init(&r->asker[i], ROUTE_ASK_BURST, ROUTE_ASK_RATE, now);
	r->open = true;
	return fips_bucket_take(&r->asker[mr_handle_hash(p->near) % ROUTE_ASKERS], now);
}

static void wait(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	if (mr_route_parked(&r->transit, dest_of(p)) || may_ask(r, p, t->now))
		mr_route_park(r, &r->transit, dest_of(p), p, t);
	else
		mr_drop(t, ROUTE_OVER_RATE, p);
}

/* By the same road as what was learnt, so that it comes behind it. */
static void ask(struct route *r, const uint8_t *key, struct mr_turn *t)
{
	struct fips_addr dest = fips_addr_at(key);

	if (mr_tell_bytes(ROUTE_CONTROL, r->left, MR_SHAPE_WANTED, &dest, NULL, 0, NULL, t))
		mr_count(t, ROUTE_ASKED, 1);
}

static bool answered(struct route *r, const uint8_t *key)
{
	struct route_way w = { .call = 0 };

	look_up(r, &w, key);
	return is_answered(&w);
}

static void leave(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	send_on(r, find_way(r, dest_of(p), t->now), p, t);
}

static void expire(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	(void)r;
	mr_drop(t, ROUTE_TRANSIT_LATE, p);
}

const struct route_rules mr_route_transit_rules = {
	.key = FIPS_ADDR_LEN, .expiry = EXPIRY, .full = ROUTE_TRANSIT_FULL,
	.over = ROUTE_TRANSIT_OVER, .outs = { ROUTE_FORWARD, ROUTE_CONTROL },
	.ask = ask, .answered = answered, .leave = leave, .expire = expire,
};

void mr_route_transit(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	const struct route_way *w;

	if (p->len < FIPS_DATAGRAM_HEAD) {
		mr_drop(t, ROUTE_MALFORMED, p);
		return;
	}
	if (!memcmp(p->data + FIPS_DATAGRAM_AT_SRC, r->mesh->me.addr.b, FIPS_ADDR_LEN)) {
		report(r, p, 0, ROUTE_OWN_SOURCE, t);
		return;
	}
	if (mr_learn_worth(p->data, p->len))
		learn(r, p, t);
	if (fips_transit_last(p->data)) {
		went_round(r, p, t);
		return;
	}
	w = find_way(r, dest_of(p), t->now);
	if (is_answered(w))
		send_on(r, w, mr_route_queue(&r->transit, dest_of(p), p, t), t);
	else
		wait(r, p, t);
}
