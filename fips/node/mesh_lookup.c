/* mesh_lookup.c - lookups in the node: requests and responses of others, and what we look for
 * ourselves.
 *
 *   a request comes       recent, limits (lookup.c) ---> sent on, or answered with a proof of ours
 *   a response comes      whose is it? -----------------> sent back the way the request came
 *                                      '- ours: whose key, the proof -> the cache -> whoever waits
 *   somebody is wanted    a request to those whose filter has it, again at 1, 3 and 7 s
 *
 * Requests cost a table entry and bytes.  Public-key work is behind a limit of its neighbour's: one
 * signature for a request for us, one verification for an answer to a request of ours. */

#include <string.h>

#include "fips/node/parts.h"

#define SETTLING   (10 * MR_NS_PER_S) /* filters of those behind a new link arrive in that time */
#define OWN_A_CALL 2 /* lookups of ours seen to in one call: FIPS_LOOKUP_WAYS actions each */

/* ---- whom filters name ---- */

struct asker {
	const struct fips_node *node;
	struct fips_probe       probe;
};

static bool contains(const void *self, unsigned peer, const struct fips_addr *target)
{
	const struct asker *a = self;

	(void)target; /* the probe is of it */
	return a->node->peers[peer].meshed &&
	       fips_filters_has(&a->node->mesh.filters, peer, &a->probe);
}

static bool tree(const void *self, unsigned peer)
{
	const struct asker *a = self;

	return a->node->peers[peer].meshed && fips_tree_is_tree_peer(&a->node->mesh.tree, peer);
}

static struct fips_lookup_filters filters(const struct fips_node *n, const struct fips_addr *target,
                                          struct asker *a)
{
	*a = (struct asker){ .node = n, .probe = fips_probe_of(target) };
	return (struct fips_lookup_filters){ .self = a, .n_peers = n->n_peers, .contains = contains,
		                             .tree = tree };
}

/* ---- a node's life, and a link's ---- */

bool fips_mesh_lookup_open(struct fips_node *n)
{
	const struct fips_lookup_config config = n->mesh.lookups.config;

	return fips_lookups_open(&n->mesh.lookups, &config, n->n_peers, &n->env.rand) &&
	       fips_signals_open(&n->mesh.signals, &n->env.rand);
}

void fips_mesh_lookup_close(struct fips_node *n)
{
	fips_lookups_close(&n->mesh.lookups);
	fips_signals_close(&n->mesh.signals);
}

/* Who is a neighbour needs no looking for. */
void fips_mesh_lookup_up(struct fips_node *n, const struct fips_peer *p)
{
	fips_lookups_cancel(&n->mesh.lookups, &p->addr);
	fips_lookups_peer_up(&n->mesh.lookups, fips_peer_slot(n, p), n->now);
}

void fips_mesh_lookup_down(struct fips_node *n, const struct fips_peer *p)
{
	fips_lookups_peer_down(&n->mesh.lookups, fips_peer_slot(n, p));
}

/* ---- what is sent ---- */

static void ask(struct fips_node *n, const struct fips_lookup_request *r,
                const struct fips_lookup_ways *ways)
{
	uint8_t bytes[FIPS_ACT_BYTES];
	size_t len = fips_lookup_request_build(bytes, fips_link_room(n), r);

	if (!len)
		fips_lookup_count(&n->mesh.lookups, FIPS_LOOKUP_REQ_TOO_BIG);
	for (unsigned i = 0; len && i < ways->n; i++)
		fips_act_link(n, &fips_peer_at(n, ways->peer[i])->addr, bytes, len);
}

static void ask_ours(struct fips_node *n, const struct fips_addr *target, uint64_t id,
                     const struct fips_lookup_ways *ways)
{
	const struct fips_lookup_request r = {
		.id = id,
		.target = *target,
		.origin = n->me.addr,
		.ttl = n->mesh.lookups.config.ttl,
		.coords = fips_treepath_coords(fips_mesh_path(n)),
	};

	ask(n, &r, ways);
}

/* Whatever ttl a request came with, it goes no further than one of ours would. */
static void ask_on(struct fips_node *n, struct fips_lookup_request *r,
                   const struct fips_lookup_ways *ways)
{
	if (r->ttl > FIPS_LOOKUP_TTL)
		r->ttl = FIPS_LOOKUP_TTL;
	r->ttl--;
	ask(n, r, ways);
}

/* Where we are, signed. */
static void respond(struct fips_node *n, const struct fips_peer *to, uint64_t id)
{
	const struct fips_lookup_response r = {
		.id = id,
		.target = n->me.addr,
		.path_mtu = n->link_mtu,
		.coords = fips_treepath_coords(fips_mesh_path(n)),
	};
	uint8_t bytes[FIPS_ACT_BYTES], digest[32], aux[32];
	size_t len = fips_lookup_response_build(bytes, fips_link_room(n), &r);

	if (!len) {
		fips_lookup_count(&n->mesh.lookups, FIPS_LOOKUP_RESP_TOO_BIG);
		return;
	}
	fips_lookup_digest(&r, digest);
	mr_rand_bytes(&n->env.rand, aux, sizeof aux);
	n->ops++;
	if (n->env.curve.sign(n->env.curve.self, n->me.secret, digest, aux,
	                      bytes + len - FIPS_SIG_LEN))
		fips_act_link(n, &to->addr, bytes, len);
}

/* As it came, but for path_mtu and what stood behind the proof. */
static void respond_on(struct fips_node *n, const struct fips_peer *to, const struct fips_input *in,
                       const struct fips_lookup_response *r)
{
	size_t len = FIPS_LOOKUP_RESPONSE_LEN(r->coords.count);
	uint8_t bytes[FIPS_ACT_BYTES];

	if (len > fips_link_room(n)) {
		fips_lookup_count(&n->mesh.lookups, FIPS_LOOKUP_RESP_TOO_BIG);
		return;
	}
	memcpy(bytes, in->bytes, len);
	fips_lookup_fold(bytes, n->link_mtu);
	fips_act_link(n, &to->addr, bytes, len);
}

/* ---- answers to us ---- */

static bool proven(struct fips_node *n, const struct fips_lookup_response *r)
{
	const uint8_t *pub = fips_whose_key(n, &r->target);
	uint8_t digest[32];

	if (!pub) {
		fips_lookup_count(&n->mesh.lookups, FIPS_LOOKUP_RESP_IDENTITY_MISS);
		return false;
	}
	fips_lookup_digest(r, digest);
	n->ops++;
	if (n->env.curve.verify(n->env.curve.self, pub + 1, digest, r->proof))
		return true;
	fips_lookup_count(&n->mesh.lookups, FIPS_LOOKUP_RESP_PROOF_FAILED);
	return false;
}

/* What the path takes, as far as that is to be believed: nobody has signed it.  It only ever gets
 * smaller while the coordinates are known (mesh.md 4.5, 9.1).  0: it says nothing. */
static uint16_t believed(struct fips_node *n, const struct fips_lookup_response *r)
{
	uint16_t known = fips_mesh_path_mtu(n, &r->target);

	if (r->path_mtu < FIPS_PATH_MTU_MIN) {
		fips_signals_count(&n->mesh.signals, FIPS_SIGNALS_LOOKUP_RESP_MTU_BELOW_FLOOR);
		return 0;
	}
	return known && known < r->path_mtu ? known : r->path_mtu;
}

static void answered(struct fips_node *n, const struct fips_lookup_response *r)
{
	if (!proven(n, r))
		return;
	fips_lookups_accept(&n->mesh.lookups, r);
	fips_cache_put(&n->mesh.cache, &r->target, &r->coords, FIPS_CACHE_ANSWER, believed(n, r),
	               n->now);
	fips_mesh_moved(n, &r->target);
	fips_destination_found(n, &r->target);
}

/* Others look for whom we look for as well, and their answer goes through here: where many do, the
 * limit on requests for one node (mesh.md 4.3, 8) lets few of them through.  It was not made for
 * us, and may be an old one that somebody kept: it is worth what a datagram that passes by is, and
 * our own lookup goes on. */
static void overheard(struct fips_node *n, const struct fips_lookup_response *r)
{
	if (!fips_lookups_pending(&n->mesh.lookups, &r->target))
		return;
	fips_mesh_learn(n, &r->target, &r->coords);
	fips_mesh_moved(n, &r->target);
}

/* ---- what comes ---- */

static void requested(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	struct fips_lookups *l = &n->mesh.lookups;
	struct fips_lookup_request r;
	struct fips_lookup_ways ways;
	struct fips_lookup_filters f;
	struct asker a;

	fips_lookup_count(l, FIPS_LOOKUP_REQ_RECEIVED);
	if (!fips_lookup_request_parse(in->bytes, in->len, &r)) {
		fips_lookup_count(l, FIPS_LOOKUP_REQ_DECODE_ERROR);
		return;
	}
	f = filters(n, &r.target, &a);
	switch (fips_lookups_request(l, fips_peer_slot(n, p), &r, &n->me.addr, &f, n->now, &ways)) {
	case FIPS_LOOKUP_FORWARD: ask_on(n, &r, &ways); break;
	case FIPS_LOOKUP_RESPOND: respond(n, p, r.id); break;
	case FIPS_LOOKUP_OWN:
	case FIPS_LOOKUP_DROP:    break;
	}
}

static void responded(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	struct fips_lookups *l = &n->mesh.lookups;
	struct fips_lookup_response r;
	unsigned to;

	fips_lookup_count(l, FIPS_LOOKUP_RESP_RECEIVED);
	if (!fips_lookup_response_parse(in->bytes, in->len, &r)) {
		fips_lookup_count(l, FIPS_LOOKUP_RESP_DECODE_ERROR);
		return;
	}
	switch (fips_lookups_response(l, fips_peer_slot(n, p), &r, n->now, &to)) {
	case FIPS_LOOKUP_FORWARD:
		respond_on(n, fips_peer_at(n, to), in, &r);
		overheard(n, &r);
		break;
	case FIPS_LOOKUP_OWN:     answered(n, &r); break;
	case FIPS_LOOKUP_RESPOND:
	case FIPS_LOOKUP_DROP:    break;
	}
}

void fips_mesh_lookup_message(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	if (in->bytes[0] == FIPS_LINK_LOOKUP_REQUEST)
		requested(n, p, in);
	else
		responded(n, p, in);
}

/* ---- what we look for ---- */

/* Does a link lead here that is so young that not all filters have come by it?  Then a node that is
 * in none of them may be in the next. */
static bool early(const struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_peers; i++)
		if (n->peers[i].meshed && n->now - n->peers[i].up_at < SETTLING)
			return true;
	return false;
}

bool fips_mesh_look_for(struct fips_node *n, const struct fips_addr *target)
{
	struct fips_lookup_ways ways;
	struct fips_lookup_filters f;
	struct asker a;
	uint64_t id;

	f = filters(n, target, &a);
	switch (fips_lookups_ask(&n->mesh.lookups, target, &f, early(n), n->now, &id, &ways)) {
	case FIPS_LOOKUP_STARTED: ask_ours(n, target, id, &ways); return true;
	case FIPS_LOOKUP_PENDING: return true;
	case FIPS_LOOKUP_NOWHERE:
	case FIPS_LOOKUP_SUPPRESSED: break;
	}
	return false;
}

/* Who is asked for next differs from one to the next, and so does whose filters have it: those are
 * looked at when it is known. */
void fips_mesh_lookup_timer(struct fips_node *n)
{
	struct fips_lookups *l = &n->mesh.lookups;

	for (unsigned i = 0; i < OWN_A_CALL; i++) {
		struct fips_lookup_ways ways;
		struct fips_lookup_filters f;
		struct fips_addr target;
		struct asker a;
		uint64_t id;

		if (!fips_lookups_overdue(l, n->now, &target))
			return;
		f = filters(n, &target, &a);
		if (fips_lookups_next(l, &f, n->now, &target, &id, &ways) == FIPS_LOOKUP_STARTED)
			ask_ours(n, &target, id, &ways);
		else
			fips_destination_lost(n, &target);
	}
}
