/* names.c - peers that are configured by name: asked for at each dial, told to the node when all
 * answers are there.
 *
 * A name that is not found leaves its address out; one of several addresses is the first that a
 * transport of ours can reach. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "stages/control/peers.h"

/* ---- places for peers with names ---- */

static struct control_named *named_peer(struct control *c, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < c->set.n_named; i++) {
		if (c->set.named[i].control && fips_addr_eq(&c->set.named[i].addr, addr))
			return &c->set.named[i];
	}
	return NULL;
}

static struct control_named *place_of(struct control_settings *set)
{
	for (unsigned i = 0; i < set->n_named; i++) {
		if (!set->named[i].control)
			return &set->named[i];
	}
	return set->n_named < set->room ? &set->named[set->n_named++] : NULL;
}

bool mr_named_keep(struct control_settings *set, const struct control_named *peer)
{
	struct control_named *to = place_of(set);

	if (!to)
		return false;
	*to = *peer;
	for (unsigned i = 0; i < to->n; i++)
		to->name[i].of = to;
	return true;
}

void mr_named_close(struct control_named *peer)
{
	for (unsigned k = 0; k < peer->n; k++) {
		free(peer->name[k].host);
		free(peer->name[k].port);
	}
	*peer = (struct control_named){ 0 };
}

/* Its texts stay as long as questions point at them. */
void mr_named_leave(struct control *c, const struct fips_addr *addr)
{
	struct control_named *peer = named_peer(c, addr);

	if (!peer)
		return;
	peer->addr = (struct fips_addr){ 0 };
	peer->gone = true;
	if (!peer->waits)
		mr_named_close(peer);
}

static uint64_t add(uint64_t hash, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* FNV-1a: nobody but the operator says what goes in. */
uint64_t mr_named_hash(const struct control_named *peer)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < peer->n; i++) {
		const struct control_name *name = &peer->name[i];

		hash = add(hash, &name->which, sizeof name->which);
		if (name->host) {
			hash = add(hash, name->host, strlen(name->host) + 1);
			hash = add(hash, name->port, strlen(name->port) + 1);
		} else {
			hash = add(hash, &peer->via[i], sizeof peer->via[i]);
		}
	}
	return hash;
}

static bool same_place(const struct control_named *a, unsigned i, const struct control_named *b)
{
	const struct control_name *x = &a->name[i], *y = &b->name[0];

	if (!x->host || !y->host)
		return !x->host && !y->host && fips_via_eq(&a->via[i], &b->via[0]);
	return x->which == y->which && !strcasecmp(x->host, y->host) && !strcmp(x->port, y->port);
}

static struct control_named *named_from_now_on(struct control *c,
                                               const struct fips_peer_config *peer)
{
	struct control_named made = { .control = c, .addr = peer->addr, .n = peer->n_vias };

	memcpy(made.via, peer->vias, peer->n_vias * sizeof peer->vias[0]);
	if (!c->set.names && !(c->set.names = mr_names_open(NULL, NULL)))
		return NULL;
	return mr_named_keep(&c->set, &made) ? named_peer(c, &peer->addr) : NULL;
}

bool mr_named_add(struct control *c, struct fips_peer_config *peer, struct control_named *place)
{
	struct control_named *to = named_peer(c, &peer->addr);
	unsigned i = 0;

	if (!to)
		to = named_from_now_on(c, peer);
	if (!to)
		return false;
	while (i < to->n && !same_place(to, i, place))
		i++;
	if (i == CONTROL_ADDRESSES)
		return false;
	if (i == to->n) {
		to->name[i] = place->name[0];
		to->name[i].of = to;
		to->via[i] = place->via[0];
		to->n++;
		place->n = 0; /* its texts are here now */
	}
	peer->named = true;
	peer->names = mr_named_hash(to);
	return true;
}

/* ---- questions ---- */

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
	if (peer->waits == 0 && peer->gone)
		mr_named_close(peer);
	else if (peer->waits == 0)
		peer->answered = true;
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
