/* kept.c - frames and messages that came before their key.
 *
 * A peer may send under a key as soon as it has made it, and its frame may overtake the last packet
 * of the handshake here.  A few are kept for a second; when the key is installed they go back to
 * where they would have been opened. */

#include <string.h>

#include "core/wire.h"
#include "fips/wire/link.h"
#include "stages/control/state.h"

/* What has become of the key it waits for? */
enum fate { FATE_LIVE, FATE_EXPECTED, FATE_NONE };

static enum fate fate_of_index(const struct control *c, const uint8_t index[4])
{
	const struct fips_index_entry *e = mr_table_find(c->mesh->index, index);

	return !e ? FATE_NONE : e->live ? FATE_LIVE : FATE_EXPECTED;
}

static enum fate fate_of_session(const struct control *c, const struct fips_addr *peer)
{
	const struct fips_session_entry *e = mr_table_find(c->mesh->sessions, peer->b);

	return !e ? FATE_NONE : e->live ? FATE_LIVE : FATE_EXPECTED;
}

/* The replica that opens it is that of its link or session as it is now. */
static void send_back(const struct control *c, const struct control_kept *k, struct mr_turn *t)
{
	const struct fips_index_entry *e;
	uint8_t index[4];

	if (k->session) {
		k->pkt->far = mr_control_owner(c, k->peer.b);
		mr_emit(t, OUT_DATAGRAMS, k->pkt);
		return;
	}
	mr_to_le32(index, k->index);
	e = mr_table_find(c->mesh->index, index);
	k->pkt->near = e ? e->link : MR_NO_HANDLE;
	mr_emit(t, OUT_FRAMES, k->pkt);
}

static enum fate fate_of(const struct control *c, const struct control_kept *k)
{
	uint8_t index[4];

	if (k->session)
		return fate_of_session(c, &k->peer);
	mr_to_le32(index, k->index);
	return fate_of_index(c, index);
}

static bool same_key(const struct control_kept *a, const struct control_kept *b)
{
	if (a->session != b->session)
		return false;
	return a->session ? fips_addr_eq(&a->peer, &b->peer) : a->index == b->index;
}

static void keep(struct control *c, struct control_kept k, struct mr_turn *t)
{
	unsigned same = 0;

	for (unsigned i = 0; i < c->n_kept; i++)
		same += same_key(&c->kept[i], &k);
	if (same == CONTROL_KEPT_EACH || c->n_kept == CONTROL_KEPT) {
		mr_drop(t, DROP_KEPT_OVER, k.pkt);
		return;
	}
	k.until = t->now + CONTROL_KEPT_NS;
	k.pkt = mr_own(t, k.pkt);
	c->kept[c->n_kept++] = k;
	mr_keep(t, 1);
}

static bool decide(struct control *c, enum fate fate, unsigned out, struct control_kept k,
                   struct mr_turn *t)
{
	if (fate == FATE_EXPECTED) {
		keep(c, k, t);
	} else if (fate == FATE_NONE) {
		mr_drop(t, DROP_NO_KEY, k.pkt);
	} else {
		/* what was kept came before it */
		if (!mr_kept_release(c, t) || !mr_room(t, out))
			return false;
		send_back(c, &k, t);
	}
	return true;
}

bool mr_control_keep_frame(struct control *c, struct mr_pkt *p, struct mr_turn *t)
{
	const uint8_t *index = p->data + FIPS_LINK_PREFIX;

	return decide(c, fate_of_index(c, index), OUT_FRAMES,
	              (struct control_kept){ .pkt = p, .index = mr_le32(index) }, t);
}

bool mr_control_keep_message(struct control *c, const struct fips_addr *peer, struct mr_pkt *p,
                             struct mr_turn *t)
{
	return decide(c, fate_of_session(c, peer), OUT_DATAGRAMS,
	              (struct control_kept){ .pkt = p, .session = true, .peer = *peer }, t);
}

/* One of them; false: it stays. */
static bool release(struct control *c, const struct control_kept *k, bool *room, struct mr_turn *t)
{
	unsigned out = k->session ? OUT_DATAGRAMS : OUT_FRAMES;
	enum fate fate = fate_of(c, k);

	if (fate == FATE_EXPECTED && t->now < k->until)
		return false;
	if (fate == FATE_LIVE && !mr_room(t, out)) {
		*room = false;
		return false;
	}
	mr_keep(t, -1);
	if (fate == FATE_LIVE)
		send_back(c, k, t);
	else
		mr_drop(t, fate == FATE_NONE ? DROP_NO_KEY : DROP_KEPT_LATE, k->pkt);
	return true;
}

bool mr_kept_release(struct control *c, struct mr_turn *t)
{
	unsigned left = 0;
	bool room = true;

	for (unsigned i = 0; i < c->n_kept; i++) {
		if (!release(c, &c->kept[i], &room, t))
			c->kept[left++] = c->kept[i];
	}
	c->n_kept = left;
	return room;
}

uint64_t mr_kept_deadline(const struct control *c)
{
	return c->n_kept ? c->kept[0].until : MR_NEVER;
}
