/* names.c - peers that are configured by name: asked for at each dial, told to the node when all
 * answers are there.
 *
 * A name that is not found leaves its address out; one of several addresses is the first that a
 * transport of ours can reach. */

#include <stdlib.h>
#include <string.h>

#include "stages/control/state.h"

/* Which of the peer's names this is, arg tells by its own place. */
static void found(void *arg, const struct mr_name_address *list, unsigned n)
{
	struct control_name *name = arg;
	struct control_named *peer = name->of;
	struct fips_via *via = &peer->via[name - peer->name];

	if ((n == 0) != name->missing)
		mr_log(&peer->control->log, MR_LOG_INFO, "%s: %s", name->host,
		       n == 0 ? "no address found" : "an address is found again");
	name->missing = n == 0;
	for (unsigned i = 0; i < n; i++) {
		if (mr_transports_reach(&peer->control->transports, name->which, list[i].sock,
		                        list[i].len, via))
			break;
	}
	peer->waits--;
	peer->control->asking--;
	if (peer->waits == 0)
		peer->answered = true;
}

static struct control_named *named_peer(struct control *c, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < c->set.n_named; i++) {
		if (fips_addr_eq(&c->set.named[i].addr, addr))
			return &c->set.named[i];
	}
	return NULL;
}

void mr_control_ask_name(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct control_named *peer = named_peer(c, &a->peer);

	if (!peer || peer->waits)
		return;
	c->now = t->now;
	peer->answered = false;
	peer->waits = 1; /* so that answers in the midst of it do not end it */
	for (unsigned i = 0; i < peer->n; i++) {
		struct control_name *name = &peer->name[i];

		if (!name->host)
			continue;
		mr_count(t, COUNT_NAMES, 1);
		peer->waits++;
		c->asking++;
		if (!mr_names_ask(c->set.names, name->host, name->port, found, name)) {
			peer->waits--;
			c->asking--;
		}
	}
	if (--peer->waits == 0)
		peer->answered = true;
}

void mr_control_names_poll(struct control *c)
{
	mr_names_poll(c->set.names);
}

bool mr_control_names_tell(struct control *c, struct mr_turn *t)
{
	for (unsigned i = 0; i < c->set.n_named; i++) {
		struct control_named *peer = &c->set.named[i];
		struct fips_via via[CONTROL_ADDRESSES];
		unsigned n = 0;

		if (!peer->answered)
			continue;
		peer->answered = false;
		for (unsigned k = 0; k < peer->n; k++) {
			if (peer->via[k].len)
				via[n++] = peer->via[k];
		}
		mr_control_tell(c, &(struct fips_input){ .kind = FIPS_IN_VIAS, .peer = peer->addr,
		                                         .vias = via, .n_vias = n }, t);
		return true;
	}
	return false;
}
