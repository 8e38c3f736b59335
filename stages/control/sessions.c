/* sessions.c - sessions: the sessions table, and orders to fsp-open.
 *
 *   expect    a handshake is under way; messages that come before their key come to control
 *   install   fsp-open has the key in a slot; then the entry is live
 *   use       messages are sealed under this key
 *   retire    fsp-open has forgotten the key; it is freed when nobody can see it
 *   down      the entry and the route go, and the session with them */

#include <stdlib.h>
#include <string.h>

#include "stages/control/state.h"

/* Under which keys may it be sealed to us?  Newest first. */
static void list_keys(const struct relation *r, struct fips_session_entry *e)
{
	unsigned n = 0;

	for (struct control_key *key = r->keys; key && n < FIPS_SESSION_KEYS; key = key->next) {
		if (!key->retired)
			e->key[n++] = &key->recv;
	}
}

static void put(struct control *c, struct relation *r, const struct fips_addr *peer,
                struct mr_turn *t)
{
	struct fips_session_entry *e = mr_control_memory(sizeof *e);
	uint64_t handle;

	*e = (struct fips_session_entry){ .peer = *peer };
	if (r) {
		e->live = true;
		e->recv = &r->recv.session;
		e->path_mtu = r->mtu;
		list_keys(r, e);
		e->send = r->using ? &r->using->send : NULL;
		e->k = r->using ? r->using->send.k : 0;
	}
	handle = mr_table_put(c->mesh->sessions, mr_turn_epoch(t), peer->b, e);
	if (handle == MR_NO_HANDLE) {
		mr_count(t, COUNT_TABLE_FULL, 1);
		free(e);
	} else if (r) {
		r->handle = handle;
	}
}

void mr_session_expect(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	if (!mr_table_find(c->mesh->sessions, a->peer.b))
		put(c, NULL, &a->peer, t);
}

static void installed(struct control *c, struct control_order *o, struct mr_turn *t)
{
	c->installing = false;
	if (!o->relation->gone)
		put(c, o->relation, &o->relation->peer, t);
}

void mr_session_install(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *r = mr_relation_find(c, false, &a->peer);
	struct control_order *o;
	struct control_key *key;

	if (!r)
		r = mr_relation_make(c, false, &a->peer);
	key = mr_control_key_make(c, r, a, t);
	o = mr_control_order(c, MR_ORD_SESSION_INSTALL, r, key);
	o->order.p = &r->recv.session;
	o->order.q = &key->recv;
	o->then = installed;
	c->installing = true;
	mr_control_post_to(c, "fsp-open", r->peer.b, o, t);
}

void mr_session_use(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct control_key *key = mr_control_key(c, a->key);
	struct relation *r;

	if (!key || key->of->link)
		return;
	r = key->of;
	mr_control_key_start(key, a);
	r->using = key;
	put(c, r, &r->peer, t);
}

void mr_session_retire(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct control_key *key = mr_control_key(c, a->key);
	struct control_order *o;
	struct relation *r;

	if (!key || key->of->link)
		return;
	r = key->of;
	o = mr_control_order(c, MR_ORD_SESSION_RETIRE, r, key);
	o->order.p = &r->recv.session;
	o->order.a = a->key;
	mr_control_key_retire(c, key, t);
	if (r->handle != FIPS_NO_HANDLE && !r->gone)
		put(c, r, &r->peer, t); /* before anything frees the key */
	mr_control_post_to(c, "fsp-open", r->peer.b, o, t);
}

void mr_session_end(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct relation *r = mr_relation_find(c, false, &a->peer);

	mr_control_unroute(c, &a->peer, t);
	mr_table_remove(c->mesh->sessions, mr_turn_epoch(t), a->peer.b);
	if (r)
		mr_relation_end(c, r, t);
}

