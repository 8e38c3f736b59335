/* peers.c - who we know, and what is remembered of them when their link is gone.
 *
 * The table has a slot for every configured peer and two for every link there may be.  A stranger
 * keeps its slot after its link went, for the sake of the epochs and handshakes remembered there,
 * until another needs it. */

#include <stdio.h>
#include <string.h>

#include "fips/node/parts.h"

/* A link nobody has proven may be given up for another from this age on. */
#define UNPROVEN_AGE (5 * MR_NS_PER_S)

#define INDEX_TRIES 100

static struct fips_peer *in_slot(struct fips_node *n, unsigned at)
{
	if (at == FIPS_NO_PLACE)
		return NULL;
	fips_mark_peer(n, &n->peers[at]);
	return &n->peers[at];
}

struct fips_peer *fips_peer_find(struct fips_node *n, const struct fips_addr *addr)
{
	return in_slot(n, fips_directory_find(&n->peer_at, addr));
}

struct fips_peer *fips_peer_up(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_peer *p = fips_peer_find(n, addr);

	return p && p->up ? p : NULL;
}

struct fips_peer *fips_peer_of_prefix(struct fips_node *n, const uint8_t prefix[FIPS_PREFIX])
{
	return in_slot(n, fips_directory_find_prefix(&n->peer_at, prefix));
}

/* The peer that has this address, by its configuration or by a link that is proven. */
struct fips_peer *fips_peer_of_via(struct fips_node *n, const struct fips_via *via)
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		if (!p->used)
			continue;
		if (p->up && p->send->proven && fips_via_eq(&p->via, via))
			return in_slot(n, i);
		for (unsigned v = 0; v < p->n_vias; v++)
			if (fips_via_eq(&p->vias[v], via))
				return in_slot(n, i);
	}
	return NULL;
}

/* One whose calls or whose leaving have yet to be seen to keeps its slot. */
static struct fips_peer *free_slot(struct fips_node *n)
{
	struct fips_peer *oldest = NULL;

	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		if (!p->used)
			return p;
		if (p->configured || p->up || p->dialling || p->changed)
			continue;
		if (!oldest || p->touched < oldest->touched)
			oldest = p;
	}
	return oldest;
}

static void look_up(const struct fips_node *n, struct fips_peer *p)
{
	const struct fips_gate *gate = &n->env.gate;
	const char *name = gate->name ? gate->name(gate->self, &p->addr) : NULL;

	snprintf(p->host, sizeof p->host, "%s", name ? name : "");
}

/* A slot for a node met for the first time.  There always is one: see the table's size. */
struct fips_peer *fips_peer_add(struct fips_node *n, const uint8_t pub[FIPS_PUB_LEN],
                                const struct fips_addr *addr)
{
	struct fips_peer *p = free_slot(n);

	if (!p)
		return NULL;
	if (p->used)
		fips_directory_take(&n->peer_at, &p->addr);
	memset(p, 0, sizeof *p);
	p->used = true;
	p->addr = *addr;
	memcpy(p->pub, pub, FIPS_PUB_LEN);
	fips_directory_put(&n->peer_at, addr, fips_peer_slot(n, p));
	fips_mark_peer(n, p);
	look_up(n, p);
	fips_bucket_init(&p->calls, FIPS_CALLS, FIPS_CALL_RATE, n->now);
	fips_bucket_init(&p->unread, 1, FIPS_TELL_RATE, n->now);
	p->retry_at = MR_NEVER;
	p->close_at = MR_NEVER;
	p->touched = n->now;
	return p;
}

void fips_peer_place(struct fips_node *n, unsigned slot, const struct fips_peer_config *config)
{
	fips_peer_take(&n->peers[slot], config);
	fips_directory_put(&n->peer_at, &config->addr, slot);
}

/* May this link be given up for another?  One that nobody has proven, after a while; a stranger's,
 * for that of a configured peer who has just proved that it is there. */
static bool may_go(const struct fips_node *n, const struct fips_peer *p, bool for_configured)
{
	if (!p->up)
		return false;
	if (!p->send->proven)
		return n->now - p->up_at >= UNPROVEN_AGE;
	return for_configured && !p->configured;
}

/* Unproven links go first, the oldest of them; else the stranger who came last. */
static bool goes_before(const struct fips_peer *p, const struct fips_peer *q)
{
	if (p->send->proven != q->send->proven)
		return q->send->proven;
	return p->send->proven ? p->up_at > q->up_at : p->up_at < q->up_at;
}

/* Is there room for one more link, if need be by giving up another? */
bool fips_peers_make_room(struct fips_node *n, bool for_configured)
{
	struct fips_peer *worst = NULL;

	if (n->n_up < n->max_peers)
		return true;
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		if (may_go(n, p, for_configured) && (!worst || goes_before(p, worst)))
			worst = p;
	}
	if (!worst)
		return false;
	fips_link_down(n, worst, true);
	return true;
}

bool fips_peer_superseded(const struct fips_peer *p, const uint8_t epoch[FIPS_EPOCH_LEN])
{
	for (unsigned i = 0; i < FIPS_EPOCHS && i < p->n_superseded; i++)
		if (memcmp(p->superseded[i], epoch, FIPS_EPOCH_LEN) == 0)
			return true;
	return false;
}

/* The peer is alive under this epoch; the one before is over for good. */
void fips_peer_prove_epoch(struct fips_peer *p, const uint8_t epoch[FIPS_EPOCH_LEN])
{
	if (p->epoch_known && memcmp(p->epoch, epoch, FIPS_EPOCH_LEN) == 0)
		return;
	if (p->epoch_known)
		memcpy(p->superseded[p->n_superseded++ % FIPS_EPOCHS], p->epoch, FIPS_EPOCH_LEN);
	memcpy(p->epoch, epoch, FIPS_EPOCH_LEN);
	p->epoch_known = true;
}

bool fips_peer_saw(const struct fips_peer *p, const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	for (unsigned i = 0; i < FIPS_SEEN && i < p->n_seen; i++)
		if (memcmp(p->seen[i], ephemeral, FIPS_EPHEMERAL) == 0)
			return true;
	return false;
}

void fips_peer_see(struct fips_peer *p, const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	memcpy(p->seen[p->n_seen++ % FIPS_SEEN], ephemeral, FIPS_EPHEMERAL);
}

/* For people: the name in the hosts file, the alias, or the address in hex (operations.md 6). */
const char *fips_peer_name(const struct fips_peer *p, char text[FIPS_ADDR_TEXT])
{
	fips_addr_text(&p->addr, text);
	return p->host[0] ? p->host : p->alias[0] ? p->alias : text;
}

void fips_peers_name(struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_peers; i++)
		if (n->peers[i].used)
			look_up(n, &n->peers[i]);
}

bool fips_peer_admitted(struct fips_node *n, const struct fips_addr *addr)
{
	const struct fips_gate *gate = &n->env.gate;

	if (!gate->admits || gate->admits(gate->self, addr))
		return true;
	fips_count(n, FIPS_NODE_DENIED);
	return false;
}

static bool index_taken(const struct fips_node *n, uint32_t index)
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		const struct fips_peer *p = &n->peers[i];

		for (unsigned d = 0; d < FIPS_VIAS_MAX; d++)
			if (p->dials[d].on && p->dials[d].ours == index)
				return true;
		if (p->rekey.on && p->rekey.ours == index)
			return true;
		for (unsigned k = 0; k < FIPS_LINK_KEYS; k++)
			if (p->keys[k].id && p->keys[k].ours == index)
				return true;
	}
	return false;
}

/* A receive index that nothing of ours uses. */
bool fips_index_draw(struct fips_node *n, uint32_t *index)
{
	for (unsigned i = 0; i < INDEX_TRIES; i++) {
		*index = mr_rand_u32(&n->env.rand);
		if (!index_taken(n, *index))
			return true;
	}
	return false;
}
