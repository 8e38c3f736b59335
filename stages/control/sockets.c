/* sockets.c - connected sockets of neighbours, where their transport has them
 * (stages/lib/udp_peer.h).
 *
 *   the tick   compares which there are with which there should be, and closes the gap: asked twice
 *              it does nothing the second time
 *
 *              wanted: one for each link's address; let go: one whose link is gone or elsewhere,
 *              that tx-gso has given up, or whose way begins at another of our addresses now
 *
 *   letting go
 *     LEAVING  out of the table; tx-gso is told, and sends no more by it
 *     TURNED   it hears no more; rx reads what is there
 *     CLOSING  it is empty; rx is told, and then it is closed
 *
 * Each is made and closed on this thread, never on one that moves packets (R15). */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stages/control/state.h"
#include "stages/lib/udp_peer.h"

#define A_TICK 64 /* sockets opened by one tick, at most */

enum state { OPEN, LEAVING, TURNED, CLOSING };

struct control_socket {
	struct mr_udp_peer     peer;
	enum state             state;
	bool                   wanted;
	struct control_socket *next;
};

/* ---- letting go ---- */

static void closed(struct control *c, struct control_order *o, struct mr_turn *t)
{
	struct control_socket **at = &c->sockets, *s;

	while (&(*at)->peer != o->order.p)
		at = &(*at)->next;
	s = *at;
	*at = s->next;
	mr_udp_peer_close(&s->peer);
	c->slots[s->peer.slot / 64] &= ~(UINT64_C(1) << s->peer.slot % 64);
	mr_count(t, COUNT_SOCKETS_CLOSED, 1);
	free(s);
}

static void turn(struct control *c, struct control_order *o, struct mr_turn *t)
{
	struct control_socket *s = o->order.p; /* its first member */

	(void)c;
	(void)t;
	mr_udp_peer_turn(&s->peer);
	s->state = TURNED;
}

static void tell(struct control *c, struct control_socket *s, const char *stage,
                 void (*then)(struct control *c, struct control_order *o, struct mr_turn *t),
                 struct mr_turn *t)
{
	struct control_order *o = mr_control_order(c, MR_ORD_SOCKET_GONE, NULL, NULL);

	o->order.p = &s->peer;
	o->then = then;
	mr_control_post(c, stage, o, t);
}

/* The next step, if it is time for it.  The last frees s. */
static void let_go(struct control *c, struct control_socket *s, struct mr_turn *t)
{
	if (s->state == OPEN) {
		s->state = LEAVING;
		mr_table_remove(c->udp->peers, mr_turn_epoch(t), &s->peer.via);
		tell(c, s, "tx-gso", turn, t);
	} else if (s->state == TURNED && mr_udp_peer_empty(&s->peer)) {
		s->state = CLOSING;
		mr_udp_peer_unlisten(c->udp, &s->peer);
		tell(c, s, "rx", closed, t);
	}
}

/* ---- taking up ---- */

static struct control_socket *find(const struct control *c, const struct fips_via *via)
{
	const struct mr_udp_peer_entry *e = mr_table_find(c->udp->peers, via);
	struct control_socket *s = c->sockets;

	if (e)
		return (struct control_socket *)e->peer; /* its first member */
	while (s && !fips_via_eq(&s->peer.via, via))
		s = s->next;
	return s;
}

/* The lowest that is free, which becomes taken; MR_UDP_PEERS_MAX: none. */
static unsigned take_slot(struct control *c)
{
	for (unsigned i = 0; i < MR_UDP_PEERS_MAX; i++) {
		uint64_t bit = UINT64_C(1) << i % 64;

		if (c->slots[i / 64] & bit)
			continue;
		c->slots[i / 64] |= bit;
		return i;
	}
	return MR_UDP_PEERS_MAX;
}

static bool publish(struct control *c, struct control_socket *s, struct mr_turn *t)
{
	struct mr_udp_peer_entry *e = mr_control_memory(sizeof *e);

	e->peer = &s->peer;
	if (mr_table_put(c->udp->peers, mr_turn_epoch(t), &s->peer.via, e) != MR_NO_HANDLE)
		return true;
	free(e);
	return false;
}

static void say_once(struct control *c, const char *what)
{
	if (!c->sockets_said)
		mr_log(&c->log, MR_LOG_WARN,
		       "a neighbour has no connected socket, and goes by the shared one: %s", what);
	c->sockets_said = true;
}

static void take_up(struct control *c, const struct fips_via *via, struct mr_turn *t)
{
	struct control_socket *s;
	unsigned slot = mr_udp_peer_room() ? take_slot(c) : MR_UDP_PEERS_MAX;

	if (slot == MR_UDP_PEERS_MAX) {
		mr_count(t, COUNT_SOCKETS_CAPPED, 1);
		say_once(c, "there are too many descriptors");
		return;
	}
	s = mr_control_memory(sizeof *s);
	s->peer.via = *via;
	s->peer.slot = slot;
	s->wanted = true;
	if (mr_udp_peer_open(c->udp, &s->peer)) {
		c->slots[slot / 64] &= ~(UINT64_C(1) << slot % 64);
		mr_count(t, COUNT_SOCKETS_FAILED, 1);
		say_once(c, strerror(errno));
		free(s);
		return;
	}
	s->next = c->sockets;
	c->sockets = s;
	mr_count(t, COUNT_SOCKETS, 1);
	if (!publish(c, s, t)) /* for ever unused, so let go by the next tick */
		atomic_store_explicit(&s->peer.failed, true, memory_order_relaxed);
}

/* ---- the tick ---- */

static bool is_wanted(const struct control *c, const struct relation *r)
{
	return r->handle != FIPS_NO_HANDLE && r->via.len && r->via.instance < c->udp->n &&
	       c->udp->socket[r->via.instance].connected;
}

/* Is it still good for the address it was made for? */
static bool is_good(const struct control *c, const struct mr_udp_peer *p)
{
	struct sockaddr_storage source;

	if (atomic_load_explicit(&p->failed, memory_order_relaxed))
		return false;
	return mr_udp_source(c->udp, &p->via, &source) ||
	       !memcmp(&source, &p->local, sizeof source);
}

/* Wants one for each link; returns how many were tried to be opened. */
static unsigned want(struct control *c, const struct relation *r, bool open, struct mr_turn *t)
{
	struct sockaddr_storage source;
	struct control_socket *s;

	if (!is_wanted(c, r))
		return 0;
	s = find(c, &r->via);
	if (s)
		s->wanted = true;
	if (s || !open || mr_udp_source(c->udp, &r->via, &source))
		return 0;
	take_up(c, &r->via, t);
	return 1;
}

void mr_sockets_tick(struct control *c, struct mr_turn *t)
{
	unsigned opened = 0;

	if (!c->udp->peers)
		return;
	for (struct control_socket *s = c->sockets; s; s = s->next)
		s->wanted = false;
	for (unsigned i = 0; i < CONTROL_BUCKETS; i++) {
		for (const struct relation *r = c->links[i]; r; r = r->next)
			opened += want(c, r, opened < A_TICK, t);
	}
	for (struct control_socket *s = c->sockets, *next; s; s = next) {
		next = s->next;
		if (s->state != OPEN || !s->wanted || !is_good(c, &s->peer))
			let_go(c, s, t);
	}
}

/* No other thread is left. */
void mr_sockets_close(struct control *c)
{
	while (c->sockets) {
		struct control_socket *s = c->sockets;

		c->sockets = s->next;
		mr_udp_peer_close(&s->peer);
		free(s);
	}
}
