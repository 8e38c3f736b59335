/* park.c - packets that wait until control has found a way to their destination.
 *
 * There are two places to wait in, for local packets and for datagrams of others, so that neither
 * takes the other's room; what is different about them is in their rules (route.h).
 *
 * At most MR_PARK_EACH packets a destination (the oldest goes first), MR_PARK_ALL in all.  Control
 * is told once for the first packet and again each second, since a word to control may be lost.
 * After the expiry the packets end. */

#include <string.h>

#include "core/clock.h"
#include "stages/route/route.h"

#define ASK_AGAIN (1 * MR_NS_PER_S)

static struct route_lot *find_lot(struct route_park *park, const uint8_t *key)
{
	struct route_lot *empty = NULL;

	for (unsigned i = 0; i < MR_PARK_DESTS; i++) {
		struct route_lot *lot = &park->lot[i];

		if (!lot->used)
			empty = empty ? empty : lot;
		else if (!memcmp(lot->key, key, park->rules->key))
			return lot;
	}
	return empty;
}

static void ask(struct route *r, const struct route_park *park, struct route_lot *lot,
                struct mr_turn *t)
{
	lot->asked = t->now;
	park->rules->ask(r, lot->key, t);
}

static struct mr_pkt *take_oldest(struct route_park *park, struct route_lot *lot, struct mr_turn *t)
{
	struct mr_pkt *p = lot->pkt[0];

	memmove(lot->pkt, lot->pkt + 1, --lot->n * sizeof lot->pkt[0]);
	park->parked--;
	mr_keep(t, -1);
	return p;
}

static void add_newest(struct route_park *park, struct route_lot *lot, struct mr_pkt *p,
                       struct mr_turn *t)
{
	lot->pkt[lot->n++] = mr_own(t, p);
	park->parked++;
	mr_keep(t, 1);
	mr_count(t, ROUTE_PARKED, 1);
}

static void open_lot(struct route_park *park, struct route_lot *lot, const uint8_t *key,
                     struct mr_turn *t)
{
	*lot = (struct route_lot){ .used = true, .since = t->now };
	memcpy(lot->key, key, park->rules->key);
	park->lots++;
	park->waiting[key[1]]++;
}

static void close_lot(struct route_park *park, struct route_lot *lot)
{
	lot->used = lot->go = false;
	park->lots--;
	park->waiting[lot->key[1]]--;
}

bool mr_route_parked(const struct route_park *park, const uint8_t *key)
{
	for (unsigned i = 0; park->waiting[key[1]] && i < MR_PARK_DESTS; i++) {
		const struct route_lot *lot = &park->lot[i];

		if (lot->used && !memcmp(lot->key, key, park->rules->key))
			return true;
	}
	return false;
}

void mr_route_park(struct route *r, struct route_park *park, const uint8_t *key, struct mr_pkt *p,
                   struct mr_turn *t)
{
	struct route_lot *lot = find_lot(park, key);

	if (!lot || (park->parked == MR_PARK_ALL && !(lot->used && lot->n))) {
		mr_drop(t, park->rules->full, p);
		return;
	}
	if (!lot->used) {
		open_lot(park, lot, key, t);
		ask(r, park, lot, t);
	}
	if (lot->n == MR_PARK_EACH || park->parked == MR_PARK_ALL)
		mr_drop(t, park->rules->over, take_oldest(park, lot, t));
	add_newest(park, lot, p, t);
}

/* One for one, as a call has room for no more than what it is given: the lot stays as long as it is
 * until pull() empties it, for which nothing but room is needed now. */
struct mr_pkt *mr_route_queue(struct route_park *park, const uint8_t *key, struct mr_pkt *p,
                              struct mr_turn *t)
{
	struct route_lot *lot = park->waiting[key[1]] ? find_lot(park, key) : NULL;
	struct mr_pkt *first;

	if (!lot || !lot->used || !lot->n)
		return p;
	first = take_oldest(park, lot, t);
	add_newest(park, lot, p, t);
	lot->go = true;
	mr_pull_again(t);
	return first;
}

void mr_route_unpark(struct route_park *park, const uint8_t *key, struct mr_turn *t)
{
	struct route_lot *lot = park->lots ? find_lot(park, key) : NULL;

	if (!lot || !lot->used)
		return;
	lot->go = true;
	mr_pull_again(t);
}

static bool room(const struct route_park *park, const struct mr_turn *t)
{
	return mr_room(t, park->rules->outs[0]) && mr_room(t, park->rules->outs[1]);
}

/* Packets of a lot that may go take the way of new ones.  One whose destination is still unknown
 * stays where it is. */
static bool release_lot(struct route *r, struct route_park *park, struct route_lot *lot,
                        struct mr_turn *t)
{
	const struct route_rules *rules = park->rules;
	bool answered = rules->answered(r, lot->key);

	if (!answered && t->now - lot->since < rules->expiry) {
		lot->go = false;
		return false;
	}
	while (lot->n && room(park, t))
		(answered ? rules->leave : rules->expire)(r, take_oldest(park, lot, t), t);
	if (lot->n)
		return true;
	close_lot(park, lot);
	return false;
}

bool mr_route_release(struct route *r, struct route_park *park, struct mr_turn *t)
{
	bool more = false;

	for (unsigned i = 0; park->lots && i < MR_PARK_DESTS; i++) {
		if (park->lot[i].used && park->lot[i].go)
			more |= release_lot(r, park, &park->lot[i], t);
	}
	return more;
}

uint64_t mr_route_park_deadline(const struct route_park *park)
{
	uint64_t first = MR_NEVER;

	for (unsigned i = 0; park->lots && i < MR_PARK_DESTS; i++) {
		const struct route_lot *lot = &park->lot[i];

		if (lot->used && !lot->go && lot->asked + ASK_AGAIN < first)
			first = lot->asked + ASK_AGAIN;
	}
	return first;
}

void mr_route_park_tick(struct route *r, struct route_park *park, struct mr_turn *t)
{
	for (unsigned i = 0; park->lots && i < MR_PARK_DESTS; i++) {
		struct route_lot *lot = &park->lot[i];

		if (!lot->used || lot->go || t->now < lot->asked + ASK_AGAIN)
			continue;
		if (t->now - lot->since >= park->rules->expiry) {
			lot->go = true;
			mr_pull_again(t);
		}
		ask(r, park, lot, t);
	}
}

/* The oldest of each lot first; a lot may not fit whole. */
unsigned mr_route_park_give(struct route_park *park, struct mr_vector *v)
{
	for (unsigned i = 0; park->lots && i < MR_PARK_DESTS && v->n < MR_VECTOR; i++) {
		struct route_lot *lot = &park->lot[i];
		unsigned n = 0;

		if (!lot->used)
			continue;
		while (n < lot->n && v->n < MR_VECTOR)
			mr_vector_add(v, lot->pkt[n++]);
		lot->n -= n;
		park->parked -= n;
		memmove(lot->pkt, lot->pkt + n, lot->n * sizeof lot->pkt[0]);
		if (lot->n == 0)
			close_lot(park, lot);
	}
	return v->n;
}

void mr_route_park_flush(struct route_park *park, struct mr_turn *t)
{
	for (unsigned i = 0; park->lots && i < MR_PARK_DESTS; i++) {
		struct route_lot *lot = &park->lot[i];

		if (!lot->used)
			continue;
		while (lot->n)
			mr_drop(t, ROUTE_STOPPED, take_oldest(park, lot, t));
		close_lot(park, lot);
	}
}
