/* tick.c - once a second: what events should have told, found in the words that stages keep.
 *
 * Events are level-triggered.  One that was lost left its mark in a word of the key or the link it
 * was about. */

#include "stages/control/state.h"

static void look_at_key(struct control *c, struct control_key *key, struct mr_turn *t)
{
	if (mr_control_ready(c) && mr_control_confirm(c, key, t))
		mr_count(t, COUNT_MISSED, 1);
}

static void look_at_via(struct control *c, const struct relation *r, struct mr_turn *t)
{
	struct fips_via via;
	uint64_t moves;

	if (r->handle == FIPS_NO_HANDLE || r->moving || !mr_control_ready(c) ||
	    !fips_link_via(&r->recv.link, &via, &moves))
		return;
	if (via.len == 0 || fips_via_eq(&via, &r->via))
		return;
	mr_count(t, COUNT_MISSED, 1);
	mr_control_tell(c, &(struct fips_input){ .kind = FIPS_IN_ROAMED, .peer = r->peer,
	                                         .via = via }, t);
}

/* Telling the node only adds actions: nothing walked over here goes before they are done. */
void mr_control_tick(struct control *c, struct mr_turn *t)
{
	if (mr_access_look(c))
		c->renamed = true;
	if (c->renamed && mr_control_ready(c)) {
		c->renamed = false;
		mr_control_tell(c, &(struct fips_input){ .kind = FIPS_IN_NAMES }, t);
	}
	for (unsigned i = 0; i < CONTROL_BUCKETS; i++) {
		for (struct relation *r = c->links[i]; r; r = r->next) {
			for (struct control_key *key = r->keys; key; key = key->next)
				look_at_key(c, key, t);
			look_at_via(c, r, t);
		}
		for (struct relation *r = c->sessions[i]; r; r = r->next) {
			for (struct control_key *key = r->keys; key; key = key->next)
				look_at_key(c, key, t);
		}
	}
	mr_sockets_tick(c, t);
}
