/* guests.c - what the operator wants while the node runs: peers that are added, those that are sent away, and
 * nodes to be reached.
 *
 * A guest is configured from then on like a peer of the node file that is dialled on demand, for as long as
 * the process lives: a reload takes it along.  There is room for a few from the beginning, so that
 * nothing that questions to the name service point at has to move. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/control/peers.h"

static struct fips_peer_config *configured(const struct control *c, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < c->set.config.n_peers; i++)
		if (fips_addr_eq(&c->set.peers[i].addr, addr))
			return &c->set.peers[i];
	return NULL;
}

/* The first complaint without its path. */
static bool refused(const struct mr_report *report, char *wrong, size_t room)
{
	static const char before[] = "connect: ";
	const char *text = report->n ? report->list[0].text : "cannot be added";
	const char *sentence = strstr(text, before);

	snprintf(wrong, room, "%s", sentence ? sentence + strlen(before) : text);
	return false;
}

/* ---- wishes: what the node is to be told ---- */

static void wish(struct control *c, enum fips_input_kind kind, const struct fips_addr *addr)
{
	c->wish[c->n_wishes++] = (struct control_wish){ .kind = kind, .peer = *addr };
}

bool mr_guests_tell(struct control *c, struct mr_turn *t)
{
	struct control_wish first;

	if (c->n_wishes == 0)
		return false;
	first = c->wish[0];
	c->n_wishes--;
	memmove(c->wish, c->wish + 1, c->n_wishes * sizeof c->wish[0]);
	mr_control_tell(c, &(struct fips_input){ .kind = first.kind, .peer = first.peer,
	                                         .bytes = first.pub, .len = sizeof first.pub }, t);
	return true;
}

void mr_guest_want(struct control *c, const uint8_t pub[FIPS_PUB_LEN], const struct fips_addr *addr)
{
	wish(c, FIPS_IN_KNOWN, addr);
	memcpy(c->wish[c->n_wishes - 1].pub, pub, FIPS_PUB_LEN);
	wish(c, FIPS_IN_RESOLVE, addr);
}

/* ---- connect ---- */

static bool add(struct control *c, const struct mr_guest *g, struct control_settings *set,
                char *wrong, size_t room)
{
	struct mr_report report = { 0 };
	struct mr_setup s = { .name = "connect", .report = &report };
	bool done = mr_peers_add(c, g, set, &s) == 0;

	if (!done)
		refused(&report, wrong, room);
	mr_report_free(&report);
	return done;
}

static bool remember(struct control *c, const struct mr_guest *g, char *wrong, size_t room)
{
	struct control_guest *to = &c->guest[c->n_guests];
	const char *full;

	if (!add(c, g, &c->set, wrong, room))
		return false;
	full = fips_node_reserve(c->node, &c->set.config);
	if (full) {
		c->set.config.n_peers--;
		snprintf(wrong, room, "%s", full);
		return false;
	}
	*to = (struct control_guest){ .npub = strdup(g->npub), .transport = strdup(g->transport),
		                      .addr = strdup(g->addr) };
	if (!to->npub || !to->transport || !to->addr)
		abort();
	c->n_guests++;
	return true;
}

/* Another place of a peer that is configured: tried first. */
static bool add_place(struct control *c, struct fips_peer_config *peer, const struct mr_guest *g,
                      char *wrong, size_t room)
{
	struct mr_report report = { 0 };
	struct mr_setup s = { .name = "connect", .report = &report };
	struct fips_via via;
	bool done = !peer->behind && mr_peers_place(c, g, &via, &s) == 0;

	if (peer->behind)
		snprintf(wrong, room, "is reached through another node");
	else if (!done)
		refused(&report, wrong, room);
	mr_report_free(&report);
	if (!done || (peer->n_vias && fips_via_eq(&peer->vias[0], &via)))
		return done;
	if (peer->n_vias < FIPS_VIAS_MAX)
		peer->n_vias++;
	memmove(peer->vias + 1, peer->vias, (peer->n_vias - 1) * sizeof peer->vias[0]);
	peer->vias[0] = via;
	return true;
}

bool mr_guest_connect(struct control *c, const struct mr_guest *g, const struct fips_addr *addr,
                      char *wrong, size_t room)
{
	struct fips_peer_config *peer = configured(c, addr);

	if (c->n_wishes == CONTROL_WISHES || (!peer && c->n_guests == CONTROL_GUESTS)) {
		snprintf(wrong, room, "no more peers can be added while the node runs");
		return false;
	}
	if (!fips_access_admits(&c->access.allow, &c->access.deny, addr)) {
		snprintf(wrong, room, "access denied: %s", g->npub);
		return false;
	}
	if (peer ? !add_place(c, peer, g, wrong, room) : !remember(c, g, wrong, room))
		return false;
	c->unset = true;
	wish(c, FIPS_IN_CONNECT, addr);
	return true;
}

/* ---- disconnect ---- */

static void free_guest(struct control_guest *g)
{
	free(g->npub);
	free(g->transport);
	free(g->addr);
}

static void forget(struct control *c, const char *npub)
{
	for (unsigned i = 0; i < c->n_guests; i++) {
		if (strcmp(c->guest[i].npub, npub))
			continue;
		free_guest(&c->guest[i]);
		c->guest[i] = c->guest[--c->n_guests];
		return;
	}
}

/* One that is forgotten stays configured until the next reload, and is not dialled. */
bool mr_guest_disconnect(struct control *c, const char *npub, const struct fips_addr *addr)
{
	struct fips_peer_info p;

	if (c->n_wishes == CONTROL_WISHES || !fips_node_peer_of(c->node, addr, &p) ||
	    p.state == FIPS_PEER_IDLE || p.state == FIPS_PEER_BEHIND)
		return false;
	forget(c, npub);
	wish(c, FIPS_IN_DISCONNECT, addr);
	return true;
}

/* ---- reloads and the end ---- */

/* One that the new node file has is no guest any more; one that its transports do not reach is left out. */
void mr_guests_take_along(struct control *c, struct control_settings *next)
{
	char wrong[256];

	for (unsigned i = 0; i < c->n_guests; i++)
		add(c,
		    &(struct mr_guest){ .npub = c->guest[i].npub, .transport = c->guest[i].transport,
		                        .addr = c->guest[i].addr },
		    next, wrong, sizeof wrong);
}

void mr_guests_close(struct control *c)
{
	for (unsigned i = 0; i < c->n_guests; i++)
		free_guest(&c->guest[i]);
	c->n_guests = 0;
}
