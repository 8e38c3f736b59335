/* dues.c - when each slot is to be served, kept for all of them: peers, sessions, what is wanted.
 *
 * A node may have thousands of slots and is told something thousands of times a second; what is
 * told is about one or two of them.  So what a call has touched is marked, and only those are
 * looked at when it ends.
 *
 *     slots   [........][........][........] ...      FIPS_DUES_BLOCK each
 *     least      t0        t1        t2               of its block
 *
 * The least of all is the least of few, and who serves what is due passes by blocks in which
 * nothing is. */

#include <stdlib.h>

#include "fips/node/parts.h"

bool fips_dues_reserve(struct fips_node *n, unsigned slots)
{
	struct fips_dues *d = &n->dues;
	unsigned blocks = slots / FIPS_DUES_BLOCK + 1;
	uint64_t *at;

	if (slots <= d->room_for)
		return true;
	at = malloc((slots + blocks) * sizeof *at + slots * (sizeof *d->list + sizeof *d->marked));
	if (!at)
		return false;
	free(d->at);
	*d = (struct fips_dues){ .at = at, .least = at + slots, .room_for = slots, .all = true,
	                         .walk = d->walk };
	d->list = (unsigned *)(d->least + blocks);
	d->marked = (bool *)(d->list + slots);
	for (unsigned i = 0; i < slots; i++) {
		d->at[i] = 0;
		d->marked[i] = false;
	}
	for (unsigned b = 0; b < blocks; b++)
		d->least[b] = 0;
	return true;
}

unsigned fips_slots(const struct fips_node *n)
{
	return n->n_peers + n->n_sessions + FIPS_WANTED;
}

void fips_dues_close(struct fips_node *n)
{
	free(n->dues.at);
	n->dues = (struct fips_dues){ 0 };
}

/* ---- marks ---- */

static void mark(struct fips_dues *d, unsigned i)
{
	if (d->marked[i])
		return;
	d->marked[i] = true;
	d->list[d->n_marked++] = i;
}

void fips_mark_peer(struct fips_node *n, const struct fips_peer *p)
{
	mark(&n->dues, (unsigned)(p - n->peers));
}

void fips_mark_session(struct fips_node *n, const struct fips_session *s)
{
	mark(&n->dues, n->n_peers + (unsigned)(s - n->sessions));
}

void fips_mark_wanted(struct fips_node *n, const struct fips_wanted *w)
{
	mark(&n->dues, n->n_peers + n->n_sessions + (unsigned)(w - n->wanted));
}

void fips_mark_meshed(struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_peers; i++)
		if (n->peers[i].used && n->peers[i].meshed)
			mark(&n->dues, i);
}

void fips_mark_all(struct fips_node *n)
{
	n->dues.all = true;
}

/* ---- what is due ---- */

uint64_t fips_slot_due(const struct fips_node *n, unsigned i)
{
	if (i < n->n_peers)
		return n->peers[i].used ? fips_peer_due(n, &n->peers[i]) : MR_NEVER;
	i -= n->n_peers;
	if (i < n->n_sessions)
		return n->sessions[i].used ? fips_session_due(&n->sessions[i], n) : MR_NEVER;
	i -= n->n_sessions;
	return n->wanted[i].used ? fips_wanted_due(&n->wanted[i]) : MR_NEVER;
}

static void find_least(struct fips_node *n, unsigned block)
{
	const uint64_t *at = n->dues.at;
	unsigned slots = fips_slots(n), end = (block + 1) * FIPS_DUES_BLOCK;
	uint64_t least = MR_NEVER;

	for (unsigned i = block * FIPS_DUES_BLOCK; i < end && i < slots; i++)
		least = at[i] < least ? at[i] : least;
	n->dues.least[block] = least;
}

static void look_at(struct fips_node *n, unsigned i)
{
	struct fips_dues *d = &n->dues;
	uint64_t before = d->at[i], *least = &d->least[i / FIPS_DUES_BLOCK];

	d->at[i] = fips_slot_due(n, i);
	if (d->at[i] <= *least)
		*least = d->at[i];
	else if (before == *least)
		find_least(n, i / FIPS_DUES_BLOCK);
}

static void look_at_all(struct fips_node *n)
{
	unsigned slots = fips_slots(n);

	for (unsigned i = 0; i < slots; i++)
		n->dues.at[i] = fips_slot_due(n, i);
	for (unsigned b = 0; b * FIPS_DUES_BLOCK < slots; b++)
		find_least(n, b);
}

void fips_dues_look(struct fips_node *n)
{
	struct fips_dues *d = &n->dues;
	bool room = fips_dial_room(n);

	if (room != d->room) /* then those that wait for it are due, or not any more */
		d->all = true;
	d->room = room;
	if (d->all)
		look_at_all(n);
	for (unsigned m = 0; m < d->n_marked; m++) {
		if (!d->all)
			look_at(n, d->list[m]);
		d->marked[d->list[m]] = false;
	}
	d->n_marked = 0;
	d->all = false;
}

uint64_t fips_dues_first(const struct fips_node *n)
{
	const uint64_t *least = n->dues.least;
	unsigned slots = fips_slots(n);
	uint64_t first = MR_NEVER;

	for (unsigned b = 0; b * FIPS_DUES_BLOCK < slots; b++)
		first = least[b] < first ? least[b] : first;
	return first;
}
