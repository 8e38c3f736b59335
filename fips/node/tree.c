/* tree.c - whom we declare our parent, and why (mesh.md 1.7, 1.9, 1.10).
 *
 * An accepted announcement is stored and then judged, first match first:
 *
 *   1. another parent is needed, or better and not vetoed    SWITCH
 *   2. nobody shows a way to a smaller address than ours     SELF_ROOT
 *   3. the parent's path has come to contain us              LOOP_DROP
 *   4. it was the parent's                                   ANCESTRY_UPDATE
 *
 * A lost parent is replaced at once, by whoever 1 would give, else by ourselves. */

#include "fips/node/tree.h"

#include <assert.h>
#include <string.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/node/tree_choose.h"

/* --- what is remembered of neighbours --------------------------------------------------------- */

static void forget(struct fips_tree_peer *p)
{
	p->way.path.n = 0;
}

/* Whether its address path is another one now. */
static bool store(struct fips_tree_peer *p, const struct fips_tree_announce *a)
{
	struct fips_treepath before = p->way.path;

	for (unsigned i = 0; i < a->n; i++) {
		const uint8_t *entry = fips_tree_entry(a->entries, i);

		p->way.path.a[i] = fips_addr_at(entry);
		p->way.stamps[i] = (struct fips_tree_stamp){ mr_le64(entry + 16),
			                                     mr_le64(entry + 24) };
	}
	p->way.path.n = a->n;
	p->parent = a->says.parent;
	p->sequence = a->says.sequence;
	p->timestamp = a->says.timestamp;
	if (before.n &&
	    fips_addr_cmp(fips_treepath_root(&p->way.path), fips_treepath_root(&before)) > 0)
		p->collapses++;
	return !fips_treepath_eq(&before, &p->way.path);
}

/* --- our declaration -------------------------------------------------------------------------- */

static void declare(struct fips_tree *t, const struct fips_addr *parent,
                    const struct fips_tree_clocks *at)
{
	t->says.parent = *parent;
	t->says.sequence++;
	t->says.timestamp = at->unix_ms / 1000;
	t->is_signed = false;
}

/* x is our parent from now on, or still.  Whether that began an episode of dampening. */
static bool set_parent(struct fips_tree *t, unsigned x, const struct fips_tree_clocks *at)
{
	bool began = fips_tree_flap_chose(&t->flap, x != t->parent, at->now);

	declare(t, &t->peers[x].addr, at);
	t->parent = x;
	t->counts[FIPS_TREE_FLAP_DAMPENED] += began;
	return began;
}

static void become_root(struct fips_tree *t, const struct fips_tree_clocks *at)
{
	declare(t, &t->me, at);
	t->parent = FIPS_NO_PEER;
}

/* Our path, from the declaration and the parent's path. */
static void recompute(struct fips_tree *t)
{
	const struct fips_tree_way *above = NULL;
	struct fips_tree_way *way = &t->way;

	if (!fips_tree_is_root(t))
		above = &t->peers[t->parent].way;
	if (above && fips_addr_cmp(&t->me, fips_treepath_root(&above->path)) <= 0) {
		above = NULL; /* what the parent leads to is no better than we are */
		t->says.parent = t->me;
		t->parent = FIPS_NO_PEER;
	}
	way->path.a[0] = t->me;
	way->stamps[0] = (struct fips_tree_stamp){ t->says.sequence, t->says.timestamp };
	way->path.n = 1;
	if (!above)
		return;
	assert(above->path.n < FIPS_PATH_MAX);
	memcpy(&way->path.a[1], above->path.a, above->path.n * sizeof *above->path.a);
	memcpy(&way->stamps[1], above->stamps, above->path.n * sizeof *above->stamps);
	way->path.n += above->path.n;
}

/* --- decisions -------------------------------------------------------------------------------- */

/* Somebody is to be told; news: what was not said before. */
static void tell(struct fips_tree *t, struct fips_tree_peer *p, bool news, uint64_t now)
{
	if (!p->up)
		return;
	if (!p->pending && p->told && now - p->sent_at < t->settings.announce_min * MR_NS_PER_MS)
		t->counts[FIPS_TREE_RATE_LIMITED]++;
	p->pending = true;
	if (news)
		p->repeats = 0;
}

static void tell_all(struct fips_tree *t, bool news, uint64_t now)
{
	for (unsigned i = 0; i < t->n_peers; i++)
		tell(t, &t->peers[i], news, now);
}

static bool acts_on(const struct fips_tree *t, const struct fips_tree_choice *c, uint64_t now)
{
	return c->need == FIPS_TREE_MANDATORY ||
	       (c->need == FIPS_TREE_BETTER && !fips_tree_flap_vetoes(&t->flap, now));
}

/* Whoever is the best parent now, else ourselves. */
static void recover(struct fips_tree *t, struct fips_tree_outcome *out,
                    const struct fips_tree_clocks *at)
{
	struct fips_tree_choice c = fips_tree_choose(t);

	if (acts_on(t, &c, at->now))
		out->dampened = set_parent(t, c.peer, at);
	else
		become_root(t, at);
}

/* Rows 1 and 2. */
static bool parent_is_wrong(struct fips_tree *t, struct fips_tree_outcome *out,
                            const struct fips_tree_clocks *at)
{
	struct fips_tree_choice c = fips_tree_choose(t);
	const struct fips_addr *root;

	if (acts_on(t, &c, at->now)) {
		out->decision = FIPS_TREE_SWITCH;
		out->dampened = set_parent(t, c.peer, at);
		return true;
	}
	root = fips_tree_smallest_root(t);
	if (fips_tree_is_root(t) || (root && fips_addr_cmp(&t->me, root) > 0))
		return false;
	out->decision = FIPS_TREE_SELF_ROOT;
	become_root(t, at);
	return true;
}

/* Rows 3 and 4: the parent has said something. */
static void heard_parent(struct fips_tree *t, struct fips_tree_outcome *out,
                         const struct fips_tree_clocks *at)
{
	if (fips_tree_leads_on(t, fips_tree_peer_path(t, t->parent))) {
		out->decision = FIPS_TREE_ANCESTRY_UPDATE;
		out->dampened = set_parent(t, t->parent, at);
		return;
	}
	out->decision = FIPS_TREE_LOOP_DROP;
	recover(t, out, at);
}

/* What follows from a decision (mesh.md 1.7, 1.9, 6.1). */
static void conclude(struct fips_tree *t, struct fips_tree_outcome *out,
                     const struct fips_tree_clocks *at)
{
	struct fips_treepath before = t->way.path;
	enum fips_tree_decision d = out->decision;

	if (d == FIPS_TREE_REBROADCAST)
		tell_all(t, false, at->now);
	out->announce = d == FIPS_TREE_REBROADCAST;
	if (d == FIPS_TREE_NO_CHANGE || d == FIPS_TREE_REBROADCAST)
		return;
	recompute(t);
	out->declared = true;
	out->path_changed = !fips_treepath_eq(&before, &t->way.path);
	out->announce = d != FIPS_TREE_ANCESTRY_UPDATE || out->path_changed;
	out->drop_through = d != FIPS_TREE_SELF_ROOT;
	out->drop_foreign = d != FIPS_TREE_SWITCH && d != FIPS_TREE_ANCESTRY_UPDATE;
	out->mark_filters = d != FIPS_TREE_ANCESTRY_UPDATE;
	out->check_filters = true;
	if (out->announce)
		tell_all(t, true, at->now);
	t->generation += out->path_changed;
	t->counts[FIPS_TREE_PARENT_SWITCHES] += d == FIPS_TREE_SWITCH;
	t->counts[FIPS_TREE_LOOP_DETECTED] += d == FIPS_TREE_LOOP_DROP;
	t->counts[FIPS_TREE_PARENT_LOSSES] += d == FIPS_TREE_PARENT_LOST;
	t->counts[FIPS_TREE_ANCESTRY_CHANGED] +=
	        d == FIPS_TREE_ANCESTRY_UPDATE && out->path_changed;
}

/* --- what happens ----------------------------------------------------------------------------- */

void fips_tree_peer_up(struct fips_tree *t, unsigned peer, const struct fips_addr *addr)
{
	struct fips_tree_peer *p = &t->peers[peer];

	assert(peer < t->n_peers && !p->up);
	p->up = true;
	p->addr = *addr;
	p->collapses = 0;
	p->pending = true;
	p->told = false;
	p->repeats = 0;
	forget(p);
	t->generation++;
}

struct fips_tree_outcome fips_tree_peer_down(struct fips_tree *t, unsigned peer,
                                             const struct fips_tree_clocks *at)
{
	struct fips_tree_outcome out = { .decision = FIPS_TREE_NO_CHANGE };
	struct fips_tree_peer *p = &t->peers[peer];

	assert(p->up);
	forget(p);
	if (peer == t->parent) {
		out.decision = FIPS_TREE_PARENT_LOST;
		recover(t, &out, at);
	}
	p->up = false;
	conclude(t, &out, at);
	out.mark_filters = true;
	t->generation++;
	return out;
}

enum fips_tree_count fips_tree_check(const struct fips_tree *t, unsigned peer,
                                     const struct fips_tree_announce *a)
{
	const struct fips_tree_peer *p = peer < t->n_peers ? &t->peers[peer] : NULL;

	if (!p || !p->up)
		return FIPS_TREE_UNKNOWN_PEER;
	if (!fips_addr_eq(&a->says.node, &p->addr))
		return FIPS_TREE_ADDR_MISMATCH;
	if (p->way.path.n && a->says.sequence <= p->sequence)
		return FIPS_TREE_STALE;
	return FIPS_TREE_ACCEPTED;
}

bool fips_tree_credible(const struct fips_tree_announce *a)
{
	struct fips_treepath path;

	if (a->n > FIPS_PATH_MAX || !fips_tree_announce_sound(a))
		return false;
	for (path.n = 0; path.n < a->n; path.n++)
		path.a[path.n] = fips_addr_at(fips_tree_entry(a->entries, path.n));
	return !fips_treepath_repeats(&path);
}

struct fips_tree_outcome fips_tree_accept(struct fips_tree *t, unsigned peer,
                                          const struct fips_tree_announce *a,
                                          const struct fips_tree_clocks *at)
{
	struct fips_tree_outcome out = { .decision = FIPS_TREE_NO_CHANGE };
	struct fips_tree_peer *p = &t->peers[peer];
	bool was_child = fips_tree_is_child(t, peer);

	assert(p->up && a->n <= FIPS_PATH_MAX);
	t->counts[FIPS_TREE_ACCEPTED]++;
	t->generation += store(p, a);
	/* The one with the better root repeats itself to the other. */
	if (fips_addr_cmp(fips_treepath_root(&p->way.path), fips_treepath_root(&t->way.path)) > 0)
		tell(t, p, false, at->now);
	if (!parent_is_wrong(t, &out, at) && peer == t->parent)
		heard_parent(t, &out, at);
	conclude(t, &out, at);
	out.check_filters |= was_child != fips_tree_is_child(t, peer);
	return out;
}

struct fips_tree_outcome fips_tree_reevaluate(struct fips_tree *t,
                                              const struct fips_tree_clocks *at)
{
	struct fips_tree_outcome out = { .decision = FIPS_TREE_REBROADCAST };

	parent_is_wrong(t, &out, at);
	conclude(t, &out, at);
	return out;
}

struct fips_tree_outcome fips_tree_measured(struct fips_tree *t, const struct fips_tree_clocks *at)
{
	struct fips_tree_outcome out = { .decision = FIPS_TREE_NO_CHANGE };

	parent_is_wrong(t, &out, at);
	conclude(t, &out, at);
	return out;
}
