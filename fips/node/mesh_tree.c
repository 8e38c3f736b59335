/* mesh_tree.c - the spanning tree in the node: what neighbours announce, what we do, what they are
 * told.
 *
 *   1. an announcement comes: the cheap checks, then its sender's bucket, then the signature
 *   2. what the tree decides is carried to the parts that stand on it
 *   3. neighbours that are to be told are served one at a time by the timers; the first of them has
 *      the declaration signed, and the others get the same
 *
 * A flood costs its sender's bucket, and us no public-key work beyond that (R15). */

#include <string.h>

#include "fips/node/parts.h"

/* Verified announcements of one neighbour: more than come from one that keeps to 500 ms between
 * them. */
#define ANNOUNCES     16
#define ANNOUNCE_RATE 4000 /* thousandths a second */

/* --- set-up and links ------------------------------------------------------------------------- */

static bool cost(void *self, unsigned peer, double *out)
{
	const struct fips_node *n = self;
	const struct fips_peer *p = &n->peers[peer];

	return p->meshed && fips_link_cost(p, out);
}

bool fips_mesh_tree_open(struct fips_node *n)
{
	const struct fips_tree_settings settings = n->mesh.tree.settings;
	const struct fips_tree_costs costs = { cost, n };
	uint64_t ms = n->env.unix_ms(n->env.self);

	if (!fips_tree_open(&n->mesh.tree, &n->me.addr, n->n_peers, &settings, &costs, ms, ms))
		return false;
	fips_tree_fit(&n->mesh.tree, fips_link_room(n));
	return true;
}

static struct fips_tree_clocks clocks(const struct fips_node *n)
{
	return (struct fips_tree_clocks){ .now = n->now, .unix_ms = n->env.unix_ms(n->env.self) };
}

/* --- what follows from decisions -------------------------------------------------------------- */

static void say(struct fips_node *n, const struct fips_tree_outcome *out)
{
	const struct fips_tree *t = &n->mesh.tree;
	char parent[FIPS_ADDR_TEXT], root[FIPS_ADDR_TEXT];

	if (out->dampened)
		fips_log(n, FIPS_LOG_WARN, "the parent has changed %u times within %u s: for %u s only where it must",
		         t->settings.flap_threshold, t->settings.flap_window / 1000,
		         (unsigned)(t->settings.flap_dampening / 1000));
	if (!out->path_changed)
		return;
	fips_addr_text(fips_treepath_root(fips_tree_path(t)), root);
	if (fips_tree_is_root(t))
		fips_log(n, FIPS_LOG_INFO, "tree: %s, we are root",
		         fips_tree_decision_name(out->decision));
	else
		fips_log(n, FIPS_LOG_INFO, "tree: %s, parent %s, depth %u, root %s",
		         fips_tree_decision_name(out->decision),
		         fips_peer_name(fips_peer_at(n, t->parent), parent),
		         fips_tree_path(t)->n - 1, root);
}

/* Those who stand on the tree hear of it here, and in this order (mesh.md 1.7). */
static void follow(struct fips_node *n, struct fips_tree_outcome out)
{
	say(n, &out);
	fips_mesh_filters_follow(n, &out);
	if (out.declared)
		fips_lookups_hope(&n->mesh.lookups);
	if (out.path_changed)
		fips_mesh_path_changed(n);
	else if (n->mesh.tree_seen != n->mesh.tree.generation)
		fips_mesh_changed(n);
	n->mesh.tree_seen = n->mesh.tree.generation;
}

void fips_mesh_tree_up(struct fips_node *n, struct fips_peer *p)
{
	fips_bucket_init(&p->announces, ANNOUNCES, ANNOUNCE_RATE, n->now);
	p->misannounced = false;
	fips_tree_peer_up(&n->mesh.tree, fips_peer_slot(n, p), &p->addr);
}

void fips_mesh_tree_down(struct fips_node *n, struct fips_peer *p)
{
	struct fips_tree_clocks at = clocks(n);

	follow(n, fips_tree_peer_down(&n->mesh.tree, fips_peer_slot(n, p), &at));
}

void fips_mesh_tree_measured(struct fips_node *n)
{
	struct fips_tree_clocks at = clocks(n);

	follow(n, fips_tree_measured(&n->mesh.tree, &at));
}

void fips_mesh_tree_tick(struct fips_node *n)
{
	uint32_t every = n->mesh.tree.settings.reeval;
	struct fips_tree_clocks at = clocks(n);

	if (every == 0 || n->now < n->mesh.reeval_at)
		return;
	n->mesh.reeval_at = n->now + fips_ms(every);
	follow(n, fips_tree_reevaluate(&n->mesh.tree, &at));
}

/* --- what neighbours announce ----------------------------------------------------------------- */

/* What becomes of it.  Verifying is the only thing here that costs anything. */
static enum fips_tree_count judge(struct fips_node *n, struct fips_peer *p,
                                  const struct fips_input *in, struct fips_tree_announce *a)
{
	enum fips_tree_count verdict;

	if (!fips_tree_announce_parse(in->bytes, in->len, a))
		return FIPS_TREE_DECODE_ERROR;
	verdict = fips_tree_check(&n->mesh.tree, fips_peer_slot(n, p), a);
	if (verdict != FIPS_TREE_ACCEPTED)
		return verdict;
	if (!fips_bucket_take(&p->announces, n->now))
		return FIPS_TREE_FLOODED;
	n->ops++;
	if (!fips_declaration_verify(&a->says, &n->env.curve, p->pub + 1, a->signature))
		return FIPS_TREE_SIG_FAILED;
	return fips_tree_credible(a) ? FIPS_TREE_ACCEPTED : FIPS_TREE_ANCESTRY_INVALID;
}

/* Once for a link: a neighbour that says such things says more of them. */
static void complain(struct fips_node *n, struct fips_peer *p, enum fips_tree_count why)
{
	char text[FIPS_ADDR_TEXT];

	if (p->misannounced || (why != FIPS_TREE_SIG_FAILED && why != FIPS_TREE_ANCESTRY_INVALID))
		return;
	p->misannounced = true;
	fips_log_of(n, FIPS_LOG_WARN, &p->addr,
		    "%s has announced what cannot be: %s", fips_peer_name(p, text),
		    fips_tree_count_name(why));
}

/* A root that nobody could hold: named at 4, 8, 16 ... of them (mesh.md 11, ours). */
static void collapsed(struct fips_node *n, const struct fips_peer *p, unsigned times)
{
	char text[FIPS_ADDR_TEXT];

	if (times >= 4 && (times & (times - 1)) == 0)
		fips_log_of(n, FIPS_LOG_INFO, &p->addr,
			    "%s has taken back %u roots that it announced",
			    fips_peer_name(p, text), times);
}

void fips_mesh_tree_message(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	struct fips_tree *t = &n->mesh.tree;
	const struct fips_tree_peer *known = &t->peers[fips_peer_slot(n, p)];
	struct fips_tree_clocks at = clocks(n);
	struct fips_tree_announce a;
	enum fips_tree_count verdict = judge(n, p, in, &a);
	unsigned collapses = known->collapses;

	t->counts[FIPS_TREE_RECEIVED]++;
	if (verdict != FIPS_TREE_ACCEPTED) {
		t->counts[verdict]++;
		complain(n, p, verdict);
		return;
	}
	follow(n, fips_tree_accept(t, fips_peer_slot(n, p), &a, &at));
	if (known->collapses != collapses)
		collapsed(n, p, known->collapses);
}

/* --- what they are told ----------------------------------------------------------------------- */

/* False: not in this call, its public-key work is done. */
static bool sign(struct fips_node *n)
{
	uint8_t aux[32];

	if (n->mesh.tree.is_signed)
		return true;
	if (n->ops - n->ops_before >= FIPS_NODE_CURVE_OPS)
		return false;
	n->ops++;
	mr_rand_bytes(&n->env.rand, aux, sizeof aux);
	fips_tree_sign(&n->mesh.tree, &n->env.curve, &n->me, aux);
	return true;
}

void fips_mesh_tree_timer(struct fips_node *n, struct fips_peer *p)
{
	struct fips_tree *t = &n->mesh.tree;
	unsigned slot = fips_peer_slot(n, p);
	uint8_t bytes[FIPS_ACT_BYTES];
	size_t len;

	if (fips_tree_due(t, slot) > n->now || !sign(n))
		return;
	fips_tree_sent(t, slot, n->now);
	if (!t->is_signed)
		return;
	len = fips_tree_write(t, bytes, fips_link_room(n));
	t->counts[len ? FIPS_TREE_SENT : FIPS_TREE_SEND_FAILED]++;
	if (len)
		fips_act_link(n, &p->addr, bytes, len);
}
