/* links.c - links: the index table, the links table, and orders to fmp-open.
 *
 *   expect    an index of ours is on its way to the peer; its frames come to control
 *   install   the keys are there: the index is live, fmp-open opens its frames
 *   use       frames to the peer are sealed under this key; the first one makes the link's entry
 *   retire    the index is free again, the key is freed when nobody can see it
 *   down      the entry goes, and the link with it */

#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "stages/control/state.h"

static void put_index(struct control *c, struct fips_index_entry entry, struct mr_turn *t)
{
	struct fips_index_entry *e = mr_control_memory(sizeof *e);
	uint8_t index[4];

	*e = entry;
	mr_to_le32(index, e->index);
	if (mr_table_put(c->mesh->index, mr_turn_epoch(t), index, e) == MR_NO_HANDLE) {
		mr_count(t, COUNT_TABLE_FULL, 1);
		free(e);
	}
}

static void remove_index(struct control *c, uint32_t ours, struct mr_turn *t)
{
	uint8_t index[4];

	mr_to_le32(index, ours);
	mr_table_remove(c->mesh->index, mr_turn_epoch(t), index);
}

static void put_key(struct control *c, const struct relation *r, struct control_key *key,
                    struct mr_turn *t)
{
	struct relation *link = key->of;

	put_index(c, (struct fips_index_entry){ .index = key->ours, .live = true, .peer = r->peer,
	                                        .link = r->handle != FIPS_NO_HANDLE ? r->handle :
	                                                mr_control_owner(c, r->peer.b),
	                                        .recv = &link->recv.link,
	                                        .key = &key->recv }, t);
}

void mr_link_expect(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	put_index(c, (struct fips_index_entry){ .index = a->ours, .peer = a->peer,
	                                        .link = mr_control_owner(c, a->peer.b) }, t);
}

void mr_link_forget(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	remove_index(c, a->ours, t);
}

static void installed(struct control *c, struct control_order *o, struct mr_turn *t)
{
	(void)o;
	(void)t;
	c->installing = false;
}

/* Once fmp-open has acknowledged anything sent after the entry was put, every frame it takes up
 * finds the entry. */
void mr_link_install(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *r = mr_relation_find(c, true, &a->peer);
	struct control_order *o;
	struct control_key *key;

	if (!r)
		r = mr_relation_make(c, true, &a->peer);
	key = mr_control_key_make(c, r, a, t);
	put_key(c, r, key, t);
	o = mr_control_order(c, MR_ORD_NOTHING, r, key);
	o->then = installed;
	c->installing = true;
	mr_control_post(c, "fmp-open", o, t);
}

void mr_link_put(struct control *c, struct relation *r, struct mr_turn *t)
{
	struct fips_link_entry *e = mr_control_memory(sizeof *e);
	uint64_t handle;

	*e = (struct fips_link_entry){ .peer = r->peer, .via = r->via, .mtu = r->mtu,
		                       .proven = r->proven, .congested = r->congested,
		                       .send = r->using ? &r->using->send : NULL };
	handle = mr_table_put(c->mesh->links, mr_turn_epoch(t), r->peer.b, e);
	if (handle == MR_NO_HANDLE) {
		mr_count(t, COUNT_TABLE_FULL, 1);
		free(e);
		return;
	}
	if (handle == r->handle)
		return;
	r->handle = handle;
	for (struct control_key *key = r->keys; key; key = key->next) {
		if (!key->retired)
			put_key(c, r, key, t);
	}
}

static void moved(struct control *c, struct control_order *o, struct mr_turn *t)
{
	(void)c;
	(void)t;
	o->relation->moving--;
}

/* fmp-open notes the address by itself; told is what it cannot know.  After it has been told to go
 * by a newer key: frames under the older one are no news of the address then. */
static void move(struct control *c, struct relation *r, const struct fips_via *via,
                 struct mr_turn *t)
{
	struct control_order *o = mr_control_order(c, MR_ORD_LINK_MOVE, r, NULL);

	r->moving++;
	o->via = *via;
	o->then = moved;
	o->order.p = &r->recv.link;
	o->order.q = &o->via;
	mr_control_post_to(c, "fmp-open", r->peer.b, o, t);
}

/* ---- its MTU ---- */

static uint16_t mtu_of(const struct control *c, const struct relation *r)
{
	uint16_t room = c->room[r->via.instance % MR_VIA_END], mtu = r->wide;

	if (room && room < mtu)
		mtu = room;
	if (r->narrow && r->narrow < mtu && fips_via_eq(&r->narrow_via, &r->via))
		mtu = r->narrow;
	return mtu;
}

static void size(struct control *c, struct relation *r, struct mr_turn *t)
{
	uint16_t was = r->mtu;

	r->mtu = mtu_of(c, r);
	if (r->mtu == was || !r->link || r->handle == FIPS_NO_HANDLE)
		return;
	mr_link_put(c, r, t);
	mr_control_narrow(c, r, t);
}

/* The frame that it was told by is not opened yet: it is believed of the address that the link goes
 * by, and no size that no path has. */
void mr_link_narrow(struct control *c, const struct mr_event *event, struct mr_turn *t)
{
	const struct control_key *key = mr_control_key(c, event->a);
	struct relation *r = key ? key->of : NULL;
	struct fips_via via;

	memcpy(&via, event->bytes, sizeof via);
	if (!r || !r->link || r->handle == FIPS_NO_HANDLE || !fips_via_eq(&r->via, &via) ||
	    event->u < FIPS_PATH_MTU_MIN || event->u >= r->mtu)
		return;
	r->narrow = (uint16_t)event->u;
	r->narrow_via = via;
	size(c, r, t);
}

/* Our own interface's: holds for all links that go by it, and for those to come. */
void mr_link_room(struct control *c, const struct mr_event *event, struct mr_turn *t)
{
	uint64_t room = event->u > FIPS_PATH_MTU_MIN ? event->u : FIPS_PATH_MTU_MIN;

	c->room[event->a % MR_VIA_END] = (uint16_t)room;
	for (unsigned i = 0; i < CONTROL_BUCKETS; i++) {
		for (struct relation *r = c->links[i]; r; r = r->next) {
			if (r->via.instance == event->a)
				size(c, r, t);
		}
	}
}

/* ---- what it goes by ---- */

void mr_link_use(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct control_key *key = mr_control_key(c, a->key);
	struct control_order *o;
	struct relation *r;
	uint16_t was;
	bool moves;

	if (!key || !key->of->link)
		return;
	r = key->of;
	moves = !fips_via_eq(&r->via, &a->via);
	r->via = a->via;
	mr_control_key_start(key, a);
	r->using = key;
	r->wide = a->mtu;
	was = r->mtu;
	r->mtu = mtu_of(c, r);
	mr_link_put(c, r, t);
	if (r->mtu != was)
		mr_control_narrow(c, r, t);
	o = mr_control_order(c, MR_ORD_LINK_PROMOTE, r, key);
	o->order.p = &r->recv.link;
	o->order.q = &key->recv;
	o->order.a = a->key;
	mr_control_post_to(c, "fmp-open", r->peer.b, o, t);
	if (moves)
		move(c, r, &a->via, t);
}

void mr_link_proven(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *r = mr_relation_find(c, true, &a->peer);

	if (!r || r->handle == FIPS_NO_HANDLE || r->proven)
		return;
	r->proven = true;
	mr_link_put(c, r, t);
}

void mr_link_set_via(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *r = mr_relation_find(c, true, &a->peer);

	if (!r || r->handle == FIPS_NO_HANDLE)
		return;
	r->via = a->via;
	r->mtu = mtu_of(c, r);
	mr_link_put(c, r, t);
	mr_control_narrow(c, r, t);
}

void mr_link_retire(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct control_key *key = mr_control_key(c, a->key);
	struct control_order *o;
	struct relation *r;

	remove_index(c, a->ours, t);
	if (!key || !key->of->link)
		return;
	r = key->of;
	o = mr_control_order(c, MR_ORD_LINK_RETIRE, r, key);
	o->order.p = &r->recv.link;
	o->order.q = &key->recv;
	if (r->using == key) {
		r->using = NULL;
		mr_link_put(c, r, t);
	}
	mr_control_key_retire(c, key, t);
	mr_control_post(c, "fmp-open", o, t);
}

void mr_link_end(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *r = mr_relation_find(c, true, &a->peer);

	mr_table_remove(c->mesh->links, mr_turn_epoch(t), a->peer.b);
	if (r)
		mr_relation_end(c, r, t);
}
