/* guests.c - what the operator wants while the node runs: peers that are added, those that are sent
 * away, and nodes to be reached.
 *
 * A guest is configured from then on like a peer of the node file that is dialled on demand, for as
 * long as the process lives: a reload takes it along.  There is room for a few from the beginning,
 * so that nothing that questions to the name service point at has to move. */

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

static void free_guest(struct control_guest *g)
{
	free(g->npub);
	free(g->transport);
	free(g->addr);
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

/* A peer that is not in the node file yet. */
static bool invite(struct control *c, const struct mr_guest *g, char *wrong, size_t room)
{
	const char *full;

	if (!add(c, g, &c->set, wrong, room))
		return false;
	full = fips_node_reserve(c->node, &c->set.config);
	if (full) {
		mr_named_leave(c, &c->set.peers[--c->set.config.n_peers].addr);
		snprintf(wrong, room, "%s", full);
	}
	return !full;
}

static struct control_guest *guest_called(struct control *c, const char *npub)
{
	for (unsigned i = 0; i < c->n_guests; i++)
		if (!strcmp(c->guest[i].npub, npub))
			return &c->guest[i];
	return NULL;
}

/* For reloads: where he is reached was said last. */
static void remember(struct control *c, const struct mr_guest *g)
{
	struct control_guest *to = guest_called(c, g->npub);

	if (to)
		free_guest(to);
	else
		to = &c->guest[c->n_guests++];
	*to = (struct control_guest){ .npub = strdup(g->npub), .transport = strdup(g->transport),
		                      .addr = strdup(g->addr) };
	if (!to->npub || !to->transport || !to->addr)
		abort();
}

static void add_via(struct fips_peer_config *peer, const struct fips_via *via)
{
	if (peer->n_vias && fips_via_eq(&peer->vias[0], via))
		return;
	if (peer->n_vias < FIPS_VIAS_MAX)
		peer->n_vias++;
	memmove(peer->vias + 1, peer->vias, (peer->n_vias - 1) * sizeof peer->vias[0]);
	peer->vias[0] = *via;
}

/* Another place of a peer that is configured: tried first, or last where names are. */
static bool add_place(struct control *c, struct fips_peer_config *peer, const struct mr_guest *g,
                      char *wrong, size_t room)
{
	struct mr_report report = { 0 };
	struct mr_setup s = { .name = "connect", .report = &report };
	struct control_named place = { 0 };
	bool done = !peer->behind && mr_peers_place(c, g, &place, &s) == 0;

	if (peer->behind)
		snprintf(wrong, room, "is reached through another node");
	else if (!done)
		refused(&report, wrong, room);
	mr_report_free(&report);
	if (done && (peer->named || place.name[0].host)) {
		done = mr_named_add(c, peer, &place);
		if (!done)
			snprintf(wrong, room, "has as many addresses as a peer may have");
	} else if (done) {
		add_via(peer, &place.via[0]);
	}
	mr_named_close(&place);
	return done;
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
	if (peer ? !add_place(c, peer, g, wrong, room) : !invite(c, g, wrong, room))
		return false;
	if (!peer || peer >= c->set.peers + c->set.n_listed)
		remember(c, g);
	c->unset = true;
	wish(c, FIPS_IN_CONNECT, addr);
	return true;
}

/* ---- disconnect ---- */

static void take_out(struct control *c, const struct fips_addr *addr)
{
	struct fips_peer_config *peer = configured(c, addr);

	mr_named_leave(c, addr);
	*peer = c->set.peers[--c->set.config.n_peers];
	memset(&c->set.peers[c->set.config.n_peers], 0, sizeof *peer);
	c->unset = true;
}

static void forget(struct control *c, struct control_guest *guest, const struct fips_addr *addr)
{
	free_guest(guest);
	*guest = c->guest[--c->n_guests];
	if (configured(c, addr) >= c->set.peers + c->set.n_listed)
		take_out(c, addr);
}

/* A guest goes, whether he came or not; a peer of the node file is not dialled any more. */
bool mr_guest_disconnect(struct control *c, const char *npub, const struct fips_addr *addr)
{
	struct control_guest *guest = guest_called(c, npub);
	struct fips_peer_info p;
	bool linked = fips_node_peer_of(c->node, addr, &p) && p.state != FIPS_PEER_IDLE &&
	              p.state != FIPS_PEER_BEHIND;

	if (c->n_wishes == CONTROL_WISHES || (!linked && !guest))
		return false;
	if (guest)
		forget(c, guest, addr);
	if (linked)
		wish(c, FIPS_IN_DISCONNECT, addr);
	return true;
}

/* ---- reloads and the end ---- */

/* One that the new node file has is no guest any more;
 * one that its transports do not reach is left out. */
void mr_guests_take_along(struct control *c, struct control_settings *next)
{
	char wrong[256];

	for (unsigned i = 0; i < c->n_guests; i++)
		add(c,
		    &(struct mr_guest){ .npub = c->guest[i].npub,
		                        .transport = c->guest[i].transport,
		                        .addr = c->guest[i].addr },
		    next, wrong, sizeof wrong);
}

void mr_guests_close(struct control *c)
{
	for (unsigned i = 0; i < c->n_guests; i++)
		free_guest(&c->guest[i]);
	c->n_guests = 0;
}
