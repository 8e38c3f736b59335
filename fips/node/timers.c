/* timers.c - one deadline for the whole node.
 *
 * A TIMER serves whoever is due, beginning where the last one stopped, as long as the call may add
 * actions and do public-key work; who is left over keeps the deadline in the past. */

#include "fips/node/parts.h"

#define ONE_ACTIONS (28 + FIPS_MESH_PEER_ACTIONS) /* the most one slot adds: a link goes, keys,
                                                   * session and all; and what the mesh owes it */
#define ONE_OPS     5   /* ... and does: a message 1, and a setup                               */
#define SERVED      128 /* slots a call: to look for a way takes long where neighbours are many */

uint64_t fips_peer_due(const struct fips_node *n, const struct fips_peer *p)
{
	uint64_t due = fips_dial_due(p, n);

	if (p->changed)
		return 0;
	if (!p->up)
		return due;
	due = fips_sooner(due, fips_link_alive_due(p));
	due = fips_sooner(due, fips_link_keys_due(p, n));
	due = fips_sooner(due, fips_link_rekey_due(p));
	if (p->meshed)
		due = fips_sooner(due, fips_mesh_peer_due(n, p));
	return fips_sooner(due, fips_reports_due(&p->reporting, n->link_mmp));
}

static void run_peer(struct fips_node *n, struct fips_peer *p)
{
	fips_mark_peer(n, p);
	if (p->changed) {
		fips_peer_changed(n, p);
		return;
	}
	fips_dial_timer(n, p);
	if (p->up)
		fips_link_alive_timer(n, p);
	if (p->up)
		fips_link_keys_timer(n, p);
	if (p->up)
		fips_link_rekey_timer(n, p);
	if (p->up)
		fips_link_reports_timer(n, p);
	if (p->meshed)
		fips_mesh_peer_timer(n, p);
}

static bool room(const struct fips_node *n)
{
	return n->pushed + ONE_ACTIONS <= FIPS_ACTIONS_TURN && n->served < SERVED &&
	       n->ops - n->ops_before + ONE_OPS <= FIPS_NODE_CURVE_OPS;
}

/* What was due when the call began may not be any more. */
static void run_one(struct fips_node *n, unsigned i)
{
	if (n->dues.at[i] > n->now || fips_slot_due(n, i) > n->now)
		return;
	n->served++;
	if (i < n->n_peers) {
		run_peer(n, &n->peers[i]);
		return;
	}
	i -= n->n_peers;
	if (i < n->n_sessions) {
		fips_mark_session(n, &n->sessions[i]);
		fips_session_timer(n, &n->sessions[i]);
		return;
	}
	i -= n->n_sessions;
	fips_mark_wanted(n, &n->wanted[i]);
	fips_wanted_timer(n, &n->wanted[i]);
}

/* How many slots from this one on may be passed by: a block, to its end. */
static unsigned nothing_due(const struct fips_node *n, unsigned i, unsigned slots)
{
	unsigned end = (i / FIPS_DUES_BLOCK + 1) * FIPS_DUES_BLOCK;

	if (n->dues.least[i / FIPS_DUES_BLOCK] <= n->now)
		return 0;
	return (end < slots ? end : slots) - i;
}

void fips_timers_run(struct fips_node *n)
{
	struct fips_dues *d = &n->dues;
	unsigned slots = fips_slots(n);

	if (n->stopping) {
		fips_node_stop_some(n);
		return;
	}
	fips_dues_look(n);
	fips_mesh_tick(n);
	fips_forwards_timer(n);
	for (unsigned done = 0, step; done < slots && room(n); done += step) {
		step = nothing_due(n, d->walk, slots);
		if (!step) {
			run_one(n, d->walk);
			step = 1;
		}
		d->walk = (d->walk + step) % slots;
	}
}

static uint64_t stop_due(const struct fips_node *n)
{
	return fips_node_stopped(n) ? MR_NEVER : 0;
}

uint64_t fips_timers_next(struct fips_node *n)
{
	if (n->stopping)
		return stop_due(n);
	fips_dues_look(n);
	return fips_sooner(fips_sooner(fips_mesh_due(n), fips_forwards_due(n)), fips_dues_first(n));
}

uint64_t fips_timers_scan(const struct fips_node *n)
{
	uint64_t due;

	if (n->stopping)
		return stop_due(n);
	due = fips_sooner(fips_mesh_due(n), fips_forwards_due(n));
	for (unsigned i = 0; i < fips_slots(n); i++)
		due = fips_sooner(due, fips_slot_due(n, i));
	return due;
}
