/* park.c - packets that wait until control has found a way to their destination.
 *
 * At most MR_PARK_EACH packets a destination (the oldest goes first), MR_PARK_ALL in all.  Control
 * is told once for the first packet and again each second, since a word to control may be lost.
 * After 30 s the packets are answered with ICMPv6 unreachable (session.md 3.9). */

#include <string.h>

#include "core/clock.h"
#include "stages/lib/words.h"
#include "stages/route/route.h"

#define ASK_AGAIN (1 * MR_NS_PER_S)
#define EXPIRY    (30 * MR_NS_PER_S)

static struct route_lot *find_lot(struct route *r, const uint8_t *key)
{
	struct route_lot *empty = NULL;

	for (unsigned i = 0; i < MR_PARK_DESTS; i++) {
		struct route_lot *lot = &r->lot[i];

		if (!lot->used)
			empty = empty ? empty : lot;
		else if (!memcmp(lot->key, key, FIPS_ROUTE_KEY))
			return lot;
	}
	return empty;
}

static void ask(struct route_lot *lot, struct mr_turn *t)
{
	struct mr_event event = { .kind = MR_EV_RESOLVE };

	memcpy(event.bytes, lot->key, FIPS_ROUTE_KEY);
	lot->asked = t->now;
	mr_tell(t, &event);
}

static struct mr_pkt *take_oldest(struct route *r, struct route_lot *lot, struct mr_turn *t)
{
	struct mr_pkt *p = lot->pkt[0];

	memmove(lot->pkt, lot->pkt + 1, --lot->n * sizeof lot->pkt[0]);
	r->parked--;
	mr_keep(t, -1);
	return p;
}

static void add_newest(struct route *r, struct route_lot *lot, struct mr_pkt *p, struct mr_turn *t)
{
	lot->pkt[lot->n++] = mr_own(t, p);
	r->parked++;
	mr_keep(t, 1);
	mr_count(t, ROUTE_PARKED, 1);
}

static void open_lot(struct route *r, struct route_lot *lot, const uint8_t *key, struct mr_turn *t)
{
	*lot = (struct route_lot){ .used = true, .since = t->now };
	memcpy(lot->key, key, FIPS_ROUTE_KEY);
	r->lots++;
	r->waiting[key[1]]++;
	ask(lot, t);
}

static void close_lot(struct route *r, struct route_lot *lot)
{
	lot->used = lot->go = false;
	r->lots--;
	r->waiting[lot->key[1]]--;
}

void mr_route_park(struct route *r, const uint8_t *key, struct mr_pkt *p, struct mr_turn *t)
{
	struct route_lot *lot = find_lot(r, key);

	if (!lot || (r->parked == MR_PARK_ALL && !(lot->used && lot->n))) {
		mr_drop(t, ROUTE_PARK_FULL, p);
		return;
	}
	if (!lot->used)
		open_lot(r, lot, key, t);
	if (lot->n == MR_PARK_EACH || r->parked == MR_PARK_ALL)
		mr_drop(t, ROUTE_PARK_OVER, take_oldest(r, lot, t));
	add_newest(r, lot, p, t);
}

/* One for one, as a call has room for no more than what it is given: the lot stays as long as it is
 * until pull() empties it, for which nothing but room is needed now. */
struct mr_pkt *mr_route_queue(struct route *r, const uint8_t *key, struct mr_pkt *p,
                              struct mr_turn *t)
{
	struct route_lot *lot = find_lot(r, key);
	struct mr_pkt *first;

	if (!lot || !lot->used || !lot->n)
		return p;
	first = take_oldest(r, lot, t);
	add_newest(r, lot, p, t);
	lot->go = true;
	mr_pull_again(t);
	return first;
}

void mr_route_unpark(struct route *r, const uint8_t *key, struct mr_turn *t)
{
	struct route_lot *lot = r->lots ? find_lot(r, key) : NULL;

	if (!lot || !lot->used)
		return;
	lot->go = true;
	mr_pull_again(t);
}

/* Packets of a lot that may go take the way of new ones.  One whose destination is still unknown
 * stays where it is. */
static bool release_lot(struct route *r, struct route_lot *lot, struct mr_turn *t)
{
	const struct fips_route_entry *e = mr_table_find(r->mesh->routes, lot->key);

	if (!e || e->state == FIPS_ROUTE_RESOLVING) {
		if (t->now - lot->since < EXPIRY) {
			lot->go = false;
			return false;
		}
		while (lot->n && mr_room(t, ROUTE_TUN))
			mr_route_unreachable(r, take_oldest(r, lot, t), ROUTE_EXPIRED, t);
	} else {
		while (lot->n && mr_room(t, ROUTE_SEAL) && mr_room(t, ROUTE_TUN))
			mr_route_by(r, e, take_oldest(r, lot, t), t);
	}
	if (lot->n)
		return true;
	close_lot(r, lot);
	return false;
}

bool mr_route_release(struct route *r, struct mr_turn *t)
{
	bool more = false;

	for (unsigned i = 0; r->lots && i < MR_PARK_DESTS; i++) {
		if (r->lot[i].used && r->lot[i].go)
			more |= release_lot(r, &r->lot[i], t);
	}
	return more;
}

uint64_t mr_route_park_deadline(const struct route *r)
{
	uint64_t first = MR_NEVER;

	for (unsigned i = 0; r->lots && i < MR_PARK_DESTS; i++) {
		const struct route_lot *lot = &r->lot[i];

		if (lot->used && !lot->go && lot->asked + ASK_AGAIN < first)
			first = lot->asked + ASK_AGAIN;
	}
	return first;
}

void mr_route_park_tick(struct route *r, struct mr_turn *t)
{
	for (unsigned i = 0; r->lots && i < MR_PARK_DESTS; i++) {
		struct route_lot *lot = &r->lot[i];

		if (!lot->used || lot->go || t->now < lot->asked + ASK_AGAIN)
			continue;
		if (t->now - lot->since >= EXPIRY) {
			lot->go = true;
			mr_pull_again(t);
		}
		ask(lot, t);
	}
}

/* The oldest of each lot first; a lot may not fit whole. */
unsigned mr_route_park_give(struct route *r, struct mr_vector *v)
{
	for (unsigned i = 0; r->lots && i < MR_PARK_DESTS && v->n < MR_VECTOR; i++) {
		struct route_lot *lot = &r->lot[i];
		unsigned n = 0;

		if (!lot->used)
			continue;
		while (n < lot->n && v->n < MR_VECTOR)
			mr_vector_add(v, lot->pkt[n++]);
		lot->n -= n;
		r->parked -= n;
		memmove(lot->pkt, lot->pkt + n, lot->n * sizeof lot->pkt[0]);
		if (lot->n == 0)
			close_lot(r, lot);
	}
	return v->n;
}

void mr_route_park_flush(struct route *r, struct mr_turn *t)
{
	for (unsigned i = 0; r->lots && i < MR_PARK_DESTS; i++) {
		struct route_lot *lot = &r->lot[i];

		if (!lot->used)
			continue;
		while (lot->n)
			mr_drop(t, ROUTE_STOPPED, take_oldest(r, lot, t));
		close_lot(r, lot);
	}
}
