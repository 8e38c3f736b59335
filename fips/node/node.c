/* node.c - opening, closing, and one input at a time. */

#include "fips/node/node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "fips/node/parts.h"

struct fips_node_config fips_node_config_default(void)
{
	return (struct fips_node_config){
		.max_peers = 128,
		.link_mtu = FIPS_UDP_MTU,
		.rekey = true,
		.accept = UINT32_MAX,
		.ecn = { .enabled = true, .loss = 0.05, .etx = 3 },
		.limits = {
			.calls = 256,
			.links = 256,
			.pending = 1000,
			.strangers = { 100, 10000 },
			.known = { 128, 6400 },
			.setups = { 64, 16000 },
			.sessions = 1024,
		},
		.lookup = fips_lookup_config_default(),
		.timers = {
			.resend = 1000,
			.backoff = 2000,
			.resends = 5,
			.handshake = 30000,
			.retry = 5000,
			.retry_max = 300000,
			.retries = 5,
			.heartbeat = 10000,
			.dead = 30000,
			.duplicate = 30000,
			.link_pending = 40000,
			.link_drain = 15000,
			.session_idle = 90000,
			.session_pending = 90000,
			.session_drain = 10000,
			.unresolved = 15000,
			.path_mtu = 10000,
			.link_rekey = 155000,
			.session_rekey = 120000,
			.rekey_jitter = 15000,
			.rekey_messages = 65536,
			.rekey_calm = 30000,
			.link_guard = 35000,
			.session_guard = 12000,
			.link_cut_over = 2000,
			.session_cut_over = 8000,
			.session_setup = 35000,
		},
		.tree = fips_tree_settings_default(),
		.filters = fips_filters_settings_default(),
		.cache = fips_cache_settings_default(),
		.known = FIPS_KNOWN_MAX,
	};
}

static bool is_hop(const struct fips_node_config *c, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < c->n_peers; i++)
		if (fips_addr_eq(&c->peers[i].addr, addr))
			return !c->peers[i].behind;
	return false;
}

const char *fips_node_wrong(const struct fips_node_config *c)
{
	if (c->max_peers == 0 || c->max_peers > 65536)
		return "max_peers must be from 1 to 65536";
	if (c->limits.sessions < 4 || c->limits.sessions > 65536)
		return "sessions with others must be from 4 to 65536";
	if (c->link_mtu < FIPS_PATH_MTU_MIN)
		return "the link MTU must be 256 or more";
	if (c->known == 0 || c->known > 1000000)
		return "keys of nodes that are kept must be from 1 to 1000000";
	for (unsigned i = 0; i < c->n_peers; i++) {
		if (fips_addr_eq(&c->peers[i].addr, &c->me->addr))
			return "a peer must not be the node itself";
		if (c->peers[i].behind && !is_hop(c, &c->peers[i].hop))
			return "a peer must be behind a configured peer that is not behind another";
		for (unsigned j = 0; j < i; j++)
			if (fips_addr_eq(&c->peers[i].addr, &c->peers[j].addr))
				return "a peer is listed twice";
	}
	return NULL;
}

/* Slots: every configured peer, every link there may be, and as many strangers to remember; a
 * session for each peer that is configured or linked, and for others. */
static bool allocate(struct fips_node *n, const struct fips_node_config *c)
{
	n->n_peers = c->n_peers + 2 * c->max_peers;
	n->n_sessions = c->n_peers + c->max_peers + c->limits.sessions;
	n->peers = mr_secret_alloc(n->n_peers * sizeof *n->peers);
	n->sessions = mr_secret_alloc(n->n_sessions * sizeof *n->sessions);
	n->papers = malloc(n->n_sessions * sizeof *n->papers); /* most of it is never touched */
	return n->peers && n->sessions && n->papers &&
	       fips_directory_open(&n->peer_at, n->n_peers, &n->env.rand) &&
	       fips_directory_open(&n->session_at, n->n_sessions, &n->env.rand) &&
	       fips_known_open(&n->known, c->known, &n->env.rand) &&
	       fips_dues_reserve(n, fips_slots(n)) && fips_mesh_open(n);
}

const char *fips_node_open(struct fips_node **out, const struct fips_node_config *config,
                           const struct fips_node_env *env)
{
	const char *why = fips_node_wrong(config);
	struct fips_node *n;

	assert(env->words.link && env->words.session && env->rand.fill && env->unix_ms);
	if (why)
		return why;
	n = mr_secret_alloc(sizeof *n);
	if (!n)
		return "no memory for the node";
	n->me = *config->me;
	n->env = *env;
	n->link_mtu = config->link_mtu;
	fips_node_take(n, config);
	n->deadline = MR_NEVER;
	mr_rand_bytes(&n->env.rand, n->epoch, sizeof n->epoch);
	if (!allocate(n, config)) {
		fips_node_close(n);
		return "no memory for the peer table";
	}
	for (unsigned i = 0; i < config->n_peers; i++)
		fips_peer_place(n, i, &config->peers[i]);
	fips_peers_name(n);
	*out = n;
	return NULL;
}

void fips_node_close(struct fips_node *n)
{
	if (!n)
		return;
	fips_mesh_close(n);
	fips_known_close(&n->known);
	fips_directory_close(&n->session_at);
	fips_directory_close(&n->peer_at);
	fips_dues_close(n);
	free(n->papers);
	mr_secret_free(n->peers);
	mr_secret_free(n->sessions);
	mr_secret_free(n);
}

void fips_node_buckets(struct fips_node *n)
{
	fips_bucket_init(&n->strangers, n->limits.strangers.burst, n->limits.strangers.milli,
	                 n->now);
	fips_bucket_init(&n->callers, n->limits.known.burst, n->limits.known.milli, n->now);
}

static void start(struct fips_node *n)
{
	fips_node_buckets(n);
	fips_bucket_init(&n->unread, FIPS_TELLS, FIPS_TELL_RATE, n->now);
	fips_bucket_init(&n->answers, 100, 10000, n->now);
	fips_bucket_init(&n->found, 16, 1000, n->now);
	fips_mark_all(n);
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		fips_bucket_init(&p->calls, FIPS_CALLS, FIPS_CALL_RATE, n->now);
		fips_bucket_init(&p->unread, 1, FIPS_TELL_RATE, n->now);
		if (p->used && p->auto_connect)
			p->retry_at = n->now;
	}
}

static void handshake(struct fips_node *n, const struct fips_input *in)
{
	switch (fips_frame_check(in->bytes, in->len)) {
	case FIPS_FRAME_MSG1: fips_answer_msg1(n, in->bytes, &in->via); break;
	case FIPS_FRAME_MSG2: fips_dial_msg2(n, in->bytes, &in->via); break;
	default: fips_count(n, FIPS_NODE_MALFORMED); break;
	}
}

static void roamed(struct fips_node *n, const struct fips_input *in)
{
	struct fips_peer *p = fips_peer_up(n, &in->peer);

	if (!p || fips_via_eq(&p->via, &in->via))
		return;
	if (in->key && in->key != p->send->id) {
		fips_count(n, FIPS_NODE_GONE); /* we have moved to a newer key since */
		return;
	}
	p->via = in->via;
	fips_act_peer(n, FIPS_ACT_SET_VIA, &p->addr)->via = in->via;
}

static void operator_says(struct fips_node *n, const struct fips_input *in)
{
	struct fips_peer *p = fips_peer_find(n, &in->peer);

	if (!p)
		fips_count(n, FIPS_NODE_GONE);
	else if (in->kind == FIPS_IN_DISCONNECT)
		fips_link_disconnect(n, p);
	else if (!p->up && !p->dialling && p->configured && !p->behind)
		fips_dial_begin(n, p);
}

static void confirmed_link(struct fips_node *n, const struct fips_input *in)
{
	struct fips_peer *p = fips_peer_up(n, &in->peer);

	if (p)
		fips_link_confirmed(n, p, in);
	else
		fips_count(n, FIPS_NODE_GONE);
}

static void vias(struct fips_node *n, const struct fips_input *in)
{
	struct fips_peer *p = fips_peer_find(n, &in->peer);

	if (p)
		fips_dial_vias(n, p, in->vias, in->n_vias);
}

static void dispatch(struct fips_node *n, const struct fips_input *in)
{
	switch (in->kind) {
	case FIPS_IN_START: start(n); break;
	case FIPS_IN_HANDSHAKE: handshake(n, in); break;
	case FIPS_IN_LINK_MESSAGE: fips_link_message(n, in); break;
	case FIPS_IN_DATAGRAM: fips_node_datagram(n, in); break;
	case FIPS_IN_BODY: fips_node_body(n, in); break;
	case FIPS_IN_CONFIRMED_LINK: confirmed_link(n, in); break;
	case FIPS_IN_CONFIRMED_SESSION: fips_session_confirmed(n, in); break;
	case FIPS_IN_ROAMED: roamed(n, in); break;
	case FIPS_IN_RESOLVE: fips_node_resolve(n, in->peer.b); break;
	case FIPS_IN_NO_SESSION: fips_node_stray(n, &in->peer); break;
	case FIPS_IN_FORWARD: fips_node_forward(n, &in->peer); break;
	case FIPS_IN_LEARNED: fips_node_learned(n, in); break;
	case FIPS_IN_UNDELIVERED: fips_node_undelivered(n, in); break;
	case FIPS_IN_UNREADABLE: fips_node_unreadable(n, &in->peer); break;
	case FIPS_IN_KNOWN:
		assert(in->len == FIPS_PUB_LEN);
		fips_node_meet(n, in->bytes);
		break;
	case FIPS_IN_LINK_SNAPSHOT: fips_link_snapshot_in(n, in); break;
	case FIPS_IN_SESSION_SNAPSHOT: fips_session_snapshot_in(n, in); break;
	case FIPS_IN_VIAS: vias(n, in); break;
	case FIPS_IN_NAMES: fips_peers_name(n); break;
	case FIPS_IN_TIMER: fips_timers_run(n); break;
	case FIPS_IN_CONNECT:
	case FIPS_IN_DISCONNECT: operator_says(n, in); break;
	case FIPS_IN_FOUND:
		if (in->len == FIPS_XONLY_LEN)
			fips_found(n, in->bytes, &in->via);
		break;
	case FIPS_IN_CONFIGURE: fips_node_configure(n, in->config); break;
	case FIPS_IN_STOP: n->stopping = true; break;
	case FIPS_IN_KINDS: break;
	}
}

void fips_node_handle(struct fips_node *n, const struct fips_input *in, uint64_t now,
                      struct fips_actions *out)
{
	assert(fips_actions_ready(out));
	n->now = now;
	n->known.now = now;
	n->out = out;
	n->pushed = 0;
	n->served = 0;
	n->ops_before = n->ops;
	n->unmoved = false;
	if (!n->stopping || in->kind == FIPS_IN_TIMER)
		dispatch(n, in);
	if (n->stopping && in->kind == FIPS_IN_STOP)
		fips_node_stop_some(n);
	if (!n->unmoved) /* the look at everything is spared for what strangers send in masses */
		n->deadline = fips_timers_next(n);
	n->out = NULL;
	assert(n->ops - n->ops_before <= FIPS_NODE_CURVE_OPS);
}

uint64_t fips_node_deadline_by_looking(const struct fips_node *n)
{
	return fips_timers_scan(n);
}

uint64_t fips_node_deadline(const struct fips_node *n)
{
	return n->deadline;
}

bool fips_node_stopped(const struct fips_node *n)
{
	for (unsigned i = 0; n->stopping && i < n->n_peers; i++)
		if (n->peers[i].up && !n->peers[i].told)
			return false;
	return n->stopping;
}
