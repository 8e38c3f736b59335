/* timers.c - one deadline for the whole node.
 *
 * A TIMER serves whoever is due, beginning where the last one stopped, as long as the call may add
 * actions and do public-key work; who is left over keeps the deadline in the past. */

#include "fips/node/parts.h"

#define ONE_ACTIONS (28 + FIPS_MESH_PEER_ACTIONS) /* the most one peer or session adds: a link goes, keys,
                                                   * session and all; and what the mesh owes it */
#define ONE_OPS     5  /* ... and does: a message 1, and a setup                                 */

static uint64_t peer_due(const struct fips_node *n, const struct fips_peer *p)
{
	uint64_t due = fips_dial_due(p, n);

	if (p->changed)
		return 0;
	if (p->wanted)
		due = p->reachable ? 0 : fips_sooner(due, p->wanted_until);
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
	if (p->changed) {
		fips_peer_changed(n, p);
		return;
	}
	fips_dial_timer(n, p);
	fips_destination_timer(n, p);
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
	return n->pushed + ONE_ACTIONS <= FIPS_ACTIONS_TURN &&
	       n->ops - n->ops_before + ONE_OPS <= FIPS_NODE_CURVE_OPS;
}

/* Peers come first in the round, then sessions. */
static void run_one(struct fips_node *n, unsigned i)
{
	if (i < n->n_peers) {
		struct fips_peer *p = &n->peers[i];

		if (p->used && peer_due(n, p) <= n->now)
			run_peer(n, p);
	} else {
		struct fips_session *s = &n->sessions[i - n->n_peers];

		if (s->used && fips_session_due(s, n) <= n->now)
			fips_session_timer(n, s);
	}
}

void fips_timers_run(struct fips_node *n)
{
	unsigned all = n->n_peers + n->n_sessions;

	if (n->stopping) {
		fips_node_stop_some(n);
		return;
	}
	fips_mesh_tick(n);
	fips_forwards_timer(n);
	for (unsigned done = 0; done < all && room(n); done++) {
		run_one(n, n->walk);
		n->walk = (n->walk + 1) % all;
	}
}

static uint64_t stop_due(const struct fips_node *n)
{
	return fips_node_stopped(n) ? MR_NEVER : 0;
}

uint64_t fips_timers_next(const struct fips_node *n)
{
	uint64_t due = MR_NEVER;

	if (n->stopping)
		return stop_due(n);
	due = fips_sooner(fips_mesh_due(n), fips_forwards_due(n));
	for (unsigned i = 0; i < n->n_peers; i++)
		if (n->peers[i].used)
			due = fips_sooner(due, peer_due(n, &n->peers[i]));
	for (unsigned i = 0; i < n->n_sessions; i++)
		if (n->sessions[i].used)
			due = fips_sooner(due, fips_session_due(&n->sessions[i], n));
	return due;
}
