/* answer.c - somebody calls: message 1 in, message 2 out (link.md 6.5 and 7.3).
 *
 *   1. the bucket of the source's class
 *   2. a handshake we answered before: the same answer again, no work
 *   3. the Noise message: who calls, in which of its lives
 *   4. replays: a superseded epoch, a handshake whose key is gone
 *   5. no link: a new one, used at once.  A link: see classify()
 */

#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

#define HEARD_BY (10 * MR_NS_PER_S) /* of a key whose message 2 was repeated */

/* An address we know has a bucket of its own in front of the one for all of them, so that a flood
 * in one's name does not starve the others. */
static bool admitted(struct fips_node *n, struct fips_peer *owner)
{
	if (!owner)
		return fips_bucket_take(&n->strangers, n->now);
	return fips_bucket_take(&owner->calls, n->now) && fips_bucket_take(&n->callers, n->now);
}

/* Does this transport answer those it does not know? */
static bool accepts(const struct fips_node *n, const struct fips_via *via)
{
	return via->instance < 32 && (n->accept >> via->instance & 1);
}

/* Are there too many links already whose other end has not been heard? */
static bool crowded(const struct fips_node *n)
{
	unsigned pending = 0;

	for (unsigned i = 0; i < n->n_peers; i++)
		pending += n->peers[i].up && !fips_peer_proven(&n->peers[i]);
	return n->limits.pending && pending >= n->limits.pending;
}

static struct fips_link_key *key_of_ephemeral(struct fips_node *n,
                                              const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		for (unsigned k = 0; p->up && k < FIPS_LINK_KEYS; k++) {
			struct fips_link_key *key = &p->keys[k];

			if (!key->id || key->initiator ||
			    memcmp(key->ephemeral, ephemeral, FIPS_EPHEMERAL) != 0)
				continue;
			fips_mark_peer(n, p);
			return key;
		}
	}
	return NULL;
}

/* The key an answer repeated late makes is to last until it can be heard. */
static void repeat(struct fips_node *n, struct fips_link_key *key, const struct fips_via *via)
{
	uint64_t most = key->made + 2 * fips_ms(n->timers.link_pending);

	if (!key->proven && key->retire_at < n->now + HEARD_BY)
		key->retire_at = fips_sooner(n->now + HEARD_BY, most);
	fips_count(n, FIPS_NODE_REPEATED);
	fips_act_raw(n, via, key->msg2, FIPS_MSG2_LEN);
}

/* Write message 2 and make its key, for a link that is up or about to be. */
static struct fips_link_key *answer(struct fips_node *n, struct fips_peer *p, struct fips_ik *ik,
                                    const struct fips_msg1 *msg, const struct fips_via *via)
{
	struct fips_link_key *key;
	struct fips_msg2 msg2;
	uint8_t noise[FIPS_IK_MSG2];
	uint32_t ours;

	n->ops += 2;
	if (!fips_index_draw(n, &ours) || !fips_ik_write2(ik, noise))
		return NULL;
	key = fips_link_key_new(n, p, false, fips_peer_of_via(n, via) == p);
	if (!key) {
		fips_count(n, FIPS_NODE_LIMITED);
		return NULL;
	}
	key->ours = ours;
	key->theirs = msg->sender_idx;
	key->via = *via;
	key->retire_at = n->now + fips_ms(n->timers.link_pending);
	memcpy(key->epoch, ik->remote_epoch, FIPS_EPOCH_LEN);
	memcpy(key->ephemeral, msg->noise + 1, FIPS_EPHEMERAL);
	msg2 = (struct fips_msg2){
		.sender_idx = ours, .receiver_idx = msg->sender_idx, .noise = noise
	};
	fips_msg2_build(key->msg2, &msg2);
	fips_link_install(n, p, key, ik);
	fips_act_raw(n, via, key->msg2, FIPS_MSG2_LEN);
	fips_count(n, FIPS_NODE_ANSWERED);
	return key;
}

static void first_contact(struct fips_node *n, struct fips_peer *p, struct fips_ik *ik,
                          const struct fips_addr *addr, const struct fips_msg1 *msg,
                          const struct fips_via *via)
{
	struct fips_link_key *key;

	if (!fips_peer_admitted(n, addr))
		return;
	if (crowded(n) || !fips_peers_make_room(n, false)) {
		fips_count(n, FIPS_NODE_REFUSED);
		return;
	}
	if (!p)
		p = fips_peer_add(n, ik->remote_pub, addr);
	if (!p) {
		fips_count(n, FIPS_NODE_REFUSED);
		return;
	}
	key = answer(n, p, ik, msg, via);
	if (key)
		fips_link_up(n, p, key);
}

/* Another message 1 of the same life.  On a young link it is a copy of the first call by another
 * path.  When both sides rekey, the handshake of the smaller address goes on; one that message 2
 * has come for is as good as done (link.md 7.3).
 *
 * It may be an old one, played back by somebody on the way: ours is not given up before a frame has
 * come under the key that this makes.  A peer that did begin drops our message 1 until then. */
static void rekey(struct fips_node *n, struct fips_peer *p, struct fips_ik *ik,
                  const struct fips_msg1 *msg, const struct fips_via *via)
{
	bool young = n->now - p->cut_at < fips_ms(n->timers.duplicate);
	bool ours = p->rekey.on && fips_addr_cmp(&n->me.addr, &p->addr) < 0;

	if (young || ours || fips_link_rekey_pending(p)) {
		fips_count(n, FIPS_NODE_DUPLICATE);
		if (young && !p->send->initiator)
			repeat(n, p->send, via);
		return;
	}
	if (answer(n, p, ik, msg, via))
		fips_count(n, FIPS_NODE_LINK_REKEYS_ANSWERED);
}

/* A message 1 that opened, from the peer of an existing link.  Whatever it leads to, the key we
 * send with stays until a frame has come under the new one. */
static void classify(struct fips_node *n, struct fips_peer *p, struct fips_ik *ik,
                     const struct fips_msg1 *msg, const struct fips_via *via)
{
	bool restarted = memcmp(p->link_epoch, ik->remote_epoch, FIPS_EPOCH_LEN) != 0;

	if (p->close_at != MR_NEVER) {
		fips_count(n, FIPS_NODE_REFUSED);
		return;
	}
	if (!restarted && p->send->proven) {
		rekey(n, p, ik, msg, via);
		return;
	}
	if (restarted && !fips_peer_admitted(n, &p->addr))
		return;
	answer(n, p, ik, msg, via);
}

static void opened(struct fips_node *n, struct fips_ik *ik, const struct fips_msg1 *msg,
                   const struct fips_via *via, const struct fips_peer *owner)
{
	struct fips_addr addr = fips_addr_of_key(ik->remote_pub + 1);
	struct fips_peer *p = fips_peer_find(n, &addr);

	if (fips_addr_eq(&addr, &n->me.addr) || (!accepts(n, via) && owner != p)) {
		fips_count(n, FIPS_NODE_REFUSED);
		return;
	}
	if (p && (fips_peer_superseded(p, ik->remote_epoch) || fips_peer_saw(p, msg->noise + 1))) {
		fips_count(n, FIPS_NODE_REPLAYED);
		return;
	}
	if (p && p->up)
		classify(n, p, ik, msg, via);
	else
		first_contact(n, p, ik, &addr, msg, via);
}

/* A message 1 that is for another key, or that nobody's key made: who calls is sealed in it, where
 * it came from is all there is to say.  Seldom, since anybody can have us say it. */
static void unread(struct fips_node *n, struct fips_peer *owner, const struct fips_via *via)
{
	char text[FIPS_ADDR_TEXT];

	fips_count(n, FIPS_NODE_FORGED);
	if (!fips_bucket_take(owner ? &owner->unread : &n->unread, n->now))
		return;
	if (owner)
		fips_log_from(n, FIPS_LOG_INFO, via,
		              "a handshake that this key does not open: %s has another npub of this node, or is "
		              "another there", fips_peer_name(owner, text));
	else
		fips_log_from(n, FIPS_LOG_INFO, via,
		              "a handshake that this key does not open: who calls has another npub of this node, "
		              "or means another");
}

void fips_answer_msg1(struct fips_node *n, const uint8_t *bytes, const struct fips_via *via)
{
	struct fips_peer *owner = fips_peer_of_via(n, via);
	struct fips_link_key *key;
	uint8_t ephemeral[FIPS_SECRET_LEN];
	struct fips_msg1 msg;
	struct fips_ik ik;

	if (!admitted(n, owner)) {
		fips_count(n, FIPS_NODE_LIMITED);
		n->unmoved = true;
		return;
	}
	fips_msg1_parse(bytes, &msg);
	key = key_of_ephemeral(n, msg.noise + 1);
	if (key) {
		repeat(n, key, via);
		return;
	}
	if (!accepts(n, via) && !owner) {
		fips_count(n, FIPS_NODE_REFUSED);
		return;
	}
	mr_rand_bytes(&n->env.rand, ephemeral, sizeof ephemeral);
	fips_ik_init_responder(&ik, &n->env.curve, &n->me, ephemeral, n->epoch);
	n->ops += 2;
	if (fips_ik_read1(&ik, msg.noise))
		opened(n, &ik, &msg, via, owner);
	else
		unread(n, owner, via);
	fips_ik_wipe(&ik);
	mr_wipe(ephemeral, sizeof ephemeral);
}
