/* tick.c - once a second: what events should have told, found in the words that stages keep.
 *
 * Events are level-triggered.  One that was lost left its mark in a word of the key or the link it
 * was about. */

#include <string.h>

#include "stages/control/state.h"

#define HOSTS_AGAIN (60 * MR_NS_PER_S)
#define UNREADABLE  3 /* messages in a row that open under no key of their session */

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

/* Three messages or more that no key opens, and none that one does, in about two seconds. */
static void look_at_missed(struct control *c, struct relation *r, struct mr_turn *t)
{
	uint64_t missed = fips_word_get(&r->recv.session.missed);

	if (missed < r->missed[0])
		r->missed[0] = r->missed[1] = 0;
	if (missed - r->missed[1] >= UNREADABLE && mr_control_ready(c)) {
		mr_control_tell(c, &(struct fips_input){ .kind = FIPS_IN_UNREADABLE,
		                                         .peer = r->peer }, t);
		r->missed[0] = missed;
	}
	r->missed[1] = r->missed[0];
	r->missed[0] = missed;
}

/* The hosts file has the keys of those it names.  The node keeps keys by use: they are told again
 * before others could have pushed them out. */
static void tell_hosts(struct control *c, struct mr_turn *t)
{
	const struct fips_hosts *hosts = &c->access.hosts;
	uint8_t pub[FIPS_PUB_LEN] = { 0x02 };

	c->hosts_at = t->now + HOSTS_AGAIN;
	for (unsigned i = 0; i < hosts->n; i++) {
		memcpy(pub + 1, hosts->host[i].xonly, FIPS_XONLY_LEN);
		mr_control_tell(c, &(struct fips_input){ .kind = FIPS_IN_KNOWN, .bytes = pub,
		                                         .len = sizeof pub }, t);
	}
}

/* Telling the node only adds actions: nothing walked over here goes before they are done. */
void mr_control_tick(struct control *c, struct mr_turn *t)
{
	if (mr_access_look(c))
		c->renamed = true;
	if (c->renamed && mr_control_ready(c)) {
		c->renamed = false;
		c->hosts_at = 0;
		mr_control_tell(c, &(struct fips_input){ .kind = FIPS_IN_NAMES }, t);
	}
	if (t->now >= c->hosts_at && mr_control_ready(c))
		tell_hosts(c, t);
	for (unsigned i = 0; i < CONTROL_BUCKETS; i++) {
		for (struct relation *r = c->links[i]; r; r = r->next) {
			for (struct control_key *key = r->keys; key; key = key->next)
				look_at_key(c, key, t);
			look_at_via(c, r, t);
		}
		for (struct relation *r = c->sessions[i]; r; r = r->next) {
			for (struct control_key *key = r->keys; key; key = key->next)
				look_at_key(c, key, t);
			look_at_missed(c, r, t);
		}
	}
	mr_sockets_tick(c, t);
}
