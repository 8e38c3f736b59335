/* links.c - the keys of a link: which are there, and which one is sent with (link.md 7.1 to 7.4).
 *
 * Every key receives from its install until it is retired.  Sending moves to a newer key when a
 * frame has authenticated under it; the older ones then receive for another 15 s.  When both sides
 * dialled, the handshake of the node with the smaller address is the one sent with (link.md 6.6).
 *
 * A key of a rekey of ours waits to be heard for 2 s, and is then sent with all the same: message 2
 * has shown that the peer holds it (link.md 7.5).
 *
 * The peer's K is followed, never judged. */

#include <assert.h>
#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

struct fips_link_key *fips_link_key_find(struct fips_peer *p, uint64_t id)
{
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		if (p->keys[i].id && p->keys[i].id == id)
			return &p->keys[i];
	return NULL;
}

/* The handshake is remembered unless the key was pushed out by others before it had its chance. */
void fips_link_key_retire(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key)
{
	struct fips_action *act = fips_act_peer(n, FIPS_ACT_RETIRE_LINK_KEY, &p->addr);

	act->key = key->id;
	act->ours = key->ours;
	if (!key->initiator && (key->proven || n->now - key->made >= fips_ms(n->timers.handshake)))
		fips_peer_see(p, key->ephemeral);
	mr_wipe(key, sizeof *key);
}

/* How much a key is missed: one that is on its way out; one that nobody has proven in all the time
 * there was for it; one that may still be heard, and came from elsewhere or from where the peer is;
 * one that will be sent with. */
enum { LEAVING, UNHEARD, AWAITED, AWAITED_HOME, WANTED };

static unsigned rank(const struct fips_node *n, const struct fips_peer *p,
                     const struct fips_link_key *key)
{
	if (key->loser || key->id < p->send->id)
		return LEAVING;
	if (key->proven)
		return WANTED;
	if (n->now - key->made >= fips_ms(2 * n->timers.link_cut_over))
		return UNHEARD;
	return key->home ? AWAITED_HOME : AWAITED;
}

static struct fips_link_key *least_missed(const struct fips_node *n, struct fips_peer *p)
{
	struct fips_link_key *worst = NULL;

	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++) {
		struct fips_link_key *key = &p->keys[i];

		if (key == p->send)
			continue;
		if (!worst || rank(n, p, key) < rank(n, p, worst) ||
		    (rank(n, p, key) == rank(n, p, worst) && key->id < worst->id))
			worst = key;
	}
	return worst;
}

/* Message 1s that somebody recorded must not push out the key that the peer is about to send with:
 * while one may still be heard, another of its kind gets no slot. */
struct fips_link_key *fips_link_key_new(struct fips_node *n, struct fips_peer *p, bool proven,
                                        bool home)
{
	unsigned mine = proven ? WANTED : home ? AWAITED_HOME : AWAITED;
	struct fips_link_key *key = NULL;

	for (unsigned i = 0; i < FIPS_LINK_KEYS && !key; i++)
		if (!p->keys[i].id)
			key = &p->keys[i];
	if (!key) {
		key = least_missed(n, p);
		if (rank(n, p, key) >= AWAITED && rank(n, p, key) >= mine && !proven)
			return NULL;
		fips_link_key_retire(n, p, key);
	}
	*key = (struct fips_link_key){ .id = ++n->last_key, .made = n->now, .retire_at = MR_NEVER,
		                       .use_at = MR_NEVER, .initiator = proven, .proven = proven,
		                       .home = home };
	return key;
}

void fips_link_install(struct fips_node *n, struct fips_peer *p, const struct fips_link_key *key,
                       const struct fips_ik *ik)
{
	struct fips_action *act = fips_act_peer(n, FIPS_ACT_INSTALL_LINK, &p->addr);

	act->key = key->id;
	act->ours = key->ours;
	act->theirs = key->theirs;
	fips_ik_split(ik, act->send_key, act->recv_key);
}

/* Send with this key.  The peer stays where it was heard last, unless it has not been heard: where
 * an unproven handshake came from is nobody's word. */
static void use(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key)
{
	struct fips_action *act;

	if (p->send && !p->send->proven)
		p->via = key->via;
	p->send = key;
	p->cut_at = n->now;
	key->loser = false;
	key->retire_at = MR_NEVER;
	key->use_at = MR_NEVER;
	fips_link_rekey_cancel(n, p);
	fips_link_rekey_plan(n, p);
	act = fips_act_peer(n, FIPS_ACT_USE_LINK, &p->addr);
	act->key = key->id;
	act->k = p->k;
	act->clock_zero = p->clock_zero;
	act->via = p->via;
	act->mtu = n->link_mtu;
}

/* Sending has moved to a key that the peer is known to hold:
 * say so, and begin what waited for it. */
static void greet(struct fips_node *n, struct fips_peer *p)
{
	p->retries = 0;
	p->retry_at = MR_NEVER;
	p->unanswered = false;
	fips_link_heartbeat(n, p);
	fips_hop_up(n, p);
	fips_mesh_link_up(n, p);
	fips_node_meet(n, p->pub);
	fips_session_kin(n, &p->addr);
	if (fips_wanted_find(n, &p->addr))
		fips_session_initiate(n, &p->addr);
}

/* Everything that begins anew when the process at the other end does. */
static void begin(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key, uint8_t k)
{
	memcpy(p->link_epoch, key->epoch, FIPS_EPOCH_LEN);
	if (key->proven)
		fips_peer_prove_epoch(p, key->epoch);
	p->k = k;
	p->clock_zero = n->now;
	p->up_at = n->now;
	p->touched = n->now;
	p->via = key->via;
	p->close_at = MR_NEVER;
	p->rekey_calm = 0;
	p->dead_at = n->now + fips_ms(n->timers.dead);
	fips_metrics_init(&p->metrics, &fips_link_intervals);
	fips_reports_start(n, &p->reporting);
	use(n, p, key);
	p->heartbeat_at = MR_NEVER;
	if (key->proven)
		greet(n, p);
}

void fips_link_up(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key)
{
	uint32_t most = n->max_peers < 128 ? 128 : n->max_peers;
	const struct fips_rate *setups = &n->limits.setups;
	char text[FIPS_ADDR_TEXT];

	assert(!p->up);
	p->up = true;
	p->congested = p->congested_told = false;
	n->n_up++;
	p->told = false;
	fips_bucket_init(&p->setups, setups->burst, setups->milli, n->now);
	fips_bucket_init(&p->rekeys, most, most * 50 < 16000 ? 16000 : most * 50, n->now);
	fips_bucket_init(&p->acks, 64, 16000, n->now);
	fips_bucket_init(&p->msg3s, 64, 16000, n->now);
	fips_log_of(n, FIPS_LOG_INFO, &p->addr, "link to %s is up, %s", fips_peer_name(p, text),
		    key->initiator ? "dialled" : "answered");
	begin(n, p, key, 0);
}

/* The older keys go on receiving for a while. */
static void drain_others(struct fips_node *n, struct fips_peer *p, const struct fips_link_key *key)
{
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++) {
		struct fips_link_key *old = &p->keys[i];

		if (old->id && old->id < key->id)
			old->retire_at = fips_sooner(old->retire_at,
			                             n->now + fips_ms(n->timers.link_drain));
	}
}

/* link.md 7.4: k is that of the frame that came under the key,
 * or the inverse of the peer's last. */
static void cut_over(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key, uint8_t k)
{
	char text[FIPS_ADDR_TEXT];

	p->k = k;
	p->clock_zero = n->now;
	drain_others(n, p, key);
	use(n, p, key);
	if (!key->initiator)
		p->rekey_calm = n->now + fips_ms(n->timers.rekey_calm);
	fips_metrics_rekey(&p->metrics);
	greet(n, p);
	fips_count(n, FIPS_NODE_LINK_CUTS);
	fips_log_of(n, FIPS_LOG_DEBUG, &p->addr,
		    "link to %s: cut over to the new key", fips_peer_name(p, text));
}

/* The peer is a new process: nothing it knew before is worth anything. */
static void restart(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key, uint8_t k)
{
	struct fips_session *s = fips_session_find(n, &p->addr);
	char text[FIPS_ADDR_TEXT];

	fips_log_of(n, FIPS_LOG_INFO, &p->addr, "%s has restarted", fips_peer_name(p, text));
	fips_count(n, FIPS_NODE_RESTARTS);
	fips_mesh_link_down(n, p);
	if (s)
		fips_session_drop(n, s);
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++) {
		struct fips_link_key *old = &p->keys[i];

		if (old->id && old != key && memcmp(old->epoch, key->epoch, FIPS_EPOCH_LEN) != 0)
			fips_link_key_retire(n, p, old);
	}
	begin(n, p, key, k);
	drain_others(n, p, key);
}

/* A dial of ours is answered and its key installed. */
void fips_link_dialled(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key)
{
	if (!p->up) {
		fips_link_up(n, p, key);
		return;
	}
	if (memcmp(p->link_epoch, key->epoch, FIPS_EPOCH_LEN) != 0) {
		restart(n, p, key, 0);
		return;
	}
	fips_peer_prove_epoch(p, key->epoch);
	if (fips_addr_cmp(&n->me.addr, &p->addr) < 0) {
		drain_others(n, p, key);
		use(n, p, key); /* K and clock stay */
		fips_metrics_rekey(&p->metrics);
		greet(n, p);
	} else {
		key->loser = true;
		key->retire_at = n->now + fips_ms(n->timers.link_drain);
	}
}

/* A new process dialled while our rekey called on the one before it, and ours was answered first.
 * Of the two handshakes that of the smaller address stays (link.md 6.6):
 * the peer, which is that, has gone over to it. */
static bool lost_crossing(const struct fips_node *n, const struct fips_peer *p,
                          const struct fips_link_key *key)
{
	return fips_addr_cmp(&p->addr, &n->me.addr) < 0 && !key->initiator && p->send->initiator &&
	       key->id < p->send->id && p->cut_at == p->up_at;
}

/* The key it is sent with in its place goes on receiving for a while.  K and clock stay. */
static void yield_crossing(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key)
{
	struct fips_link_key *ours = p->send;

	use(n, p, key);
	ours->retire_at = n->now + fips_ms(n->timers.link_drain);
	fips_metrics_rekey(&p->metrics);
	greet(n, p);
}

/* The first frame under a key.  Under one newer than ours it is the newest word of where the peer
 * is, too: what we say at once must not go to where the peer has left (link.md 6.11, 7.4). */
void fips_link_confirmed(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	struct fips_link_key *key = fips_link_key_find(p, in->key);

	if (!key) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	key->proven = true;
	key->heard = true;
	if (in->via.len)
		key->via = in->via;
	if (memcmp(p->link_epoch, key->epoch, FIPS_EPOCH_LEN) != 0) {
		if (key->id > p->send->id)
			restart(n, p, key, in->k);
		return;
	}
	fips_peer_prove_epoch(p, key->epoch);
	if (key == p->send) {
		if (p->heartbeat_at == MR_NEVER)
			greet(n, p);
	} else if (!key->loser && key->id > p->send->id) {
		if (in->via.len)
			p->via = in->via;
		cut_over(n, p, key, in->k);
	} else if (lost_crossing(n, p, key)) {
		yield_crossing(n, p, key);
	}
}

void fips_link_keys_timer(struct fips_node *n, struct fips_peer *p)
{
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++) {
		struct fips_link_key *key = &p->keys[i];

		if (key->id && n->now >= key->use_at)
			cut_over(n, p, key, !fips_words_link(n, &p->addr).k);
		if (!key->id || n->now < key->retire_at)
			continue;
		/* The peer talks under the crossing's other key and has never used ours:
		 * what we answered was a replay. */
		if (key->loser && key->heard && !p->send->heard)
			cut_over(n, p, key, p->k);
		else
			fips_link_key_retire(n, p, key);
	}
}

uint64_t fips_link_keys_due(const struct fips_peer *p, const struct fips_node *n)
{
	uint64_t due = MR_NEVER;

	(void)n;
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		if (p->keys[i].id)
			due = fips_sooner(due, fips_sooner(p->keys[i].retire_at,
			                                   p->keys[i].use_at));
	return due;
}

/* Remove the link and all that hangs on it (link.md 6.12).  lost: the peer is dialled again. */
void fips_link_down(struct fips_node *n, struct fips_peer *p, bool lost)
{
	struct fips_session *s = fips_session_find(n, &p->addr);

	assert(p->up);
	fips_mark_peer(n, p);
	if (s && (fips_peer_proven(p) || (!p->behind && fips_hop_to(n, &p->addr) == p)))
		fips_session_drop(n, s); /* unproven links carry one only if nothing else does */
	fips_link_rekey_cancel(n, p);
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		if (p->keys[i].id)
			fips_link_key_retire(n, p, &p->keys[i]);
	fips_act_peer(n, FIPS_ACT_LINK_DOWN, &p->addr);
	p->up = false;
	n->n_up--;
	p->send = NULL;
	fips_session_kin(n, &p->addr);
	fips_mesh_link_down(n, p);
	fips_hop_down(n, p);
	p->close_at = MR_NEVER;
	p->touched = n->now;
	fips_wanted_until(n, &p->addr, n->now + fips_ms(n->timers.unresolved));
	if (lost && p->configured && p->auto_connect && p->auto_reconnect)
		fips_dial_retry(n, p);
}
