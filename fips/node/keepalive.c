/* keepalive.c - what keeps a link, what ends it, and what a neighbour says on it.
 *
 * A heartbeat every 10 s whatever else is sent; any authenticated frame shows that the peer is
 * there; 30 s without one, or a Disconnect, and it is gone (link.md 7.7).  A link nobody has proven
 * is told nothing: what it was set up by may be a stranger's message 1 under another's address, and
 * that gets a message 2 and no more. */

#include <string.h>

#include "fips/node/parts.h"

#define CLOSE_DELAY MR_NS_PER_S /* for the Disconnect to be sealed before its key goes */

void fips_link_heartbeat(struct fips_node *n, struct fips_peer *p)
{
	uint8_t beat[FIPS_HEARTBEAT_LEN];

	fips_heartbeat_build(beat);
	fips_act_link(n, &p->addr, beat, sizeof beat);
	p->heartbeat_at = n->now + fips_ms(n->timers.heartbeat);
}

static void say_goodbye(struct fips_node *n, const struct fips_peer *p, enum fips_disconnect why)
{
	uint8_t bye[FIPS_DISCONNECT_LEN];

	fips_disconnect_build(bye, why);
	fips_act_link(n, &p->addr, bye, sizeof bye);
}

/* The operator wants the peer gone. */
void fips_link_disconnect(struct fips_node *n, struct fips_peer *p)
{
	fips_dial_end(n, p);
	fips_link_rekey_cancel(n, p);
	p->retry_at = MR_NEVER;
	if (!p->up || p->close_at != MR_NEVER)
		return;
	say_goodbye(n, p, FIPS_DISCONNECT_CONFIG);
	p->close_at = n->now + CLOSE_DELAY;
}

/* Orderly end: tell as many peers as this call has room for. */
void fips_node_stop_some(struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_peers && n->pushed < FIPS_ACTIONS_TURN; i++) {
		struct fips_peer *p = &n->peers[i];

		if (!p->up || p->told)
			continue;
		say_goodbye(n, p, FIPS_DISCONNECT_SHUTDOWN);
		p->told = true;
	}
}

/* The longest silence.  While a rekey of ours is unanswered it is half as long again: a reference
 * whose message 2 was lost cannot be heard until it takes another message 1 (link.md 7.5). */
static uint64_t silence(const struct fips_node *n, const struct fips_peer *p)
{
	uint64_t dead = fips_ms(n->timers.dead);

	return p->rekey.on ? dead + dead / 2 : dead;
}

static bool check_dead(struct fips_node *n, struct fips_peer *p)
{
	struct fips_link_words words = fips_words_link(n, &p->addr);
	char text[FIPS_ADDR_TEXT];
	uint64_t since;

	since = words.heard > p->cut_at ? words.heard : p->cut_at;
	p->dead_at = since + silence(n, p);
	if (n->now < p->dead_at)
		return false;
	fips_log_of(n, FIPS_LOG_INFO, &p->addr,
		    "link to %s is silent, removed", fips_peer_name(p, text));
	fips_count(n, FIPS_NODE_LOST);
	fips_link_down(n, p, true);
	return true;
}

void fips_link_alive_timer(struct fips_node *n, struct fips_peer *p)
{
	if (n->now >= p->close_at) {
		fips_link_down(n, p, false);
		return;
	}
	if (n->now >= p->dead_at && check_dead(n, p))
		return;
	if (n->now >= p->heartbeat_at)
		fips_link_heartbeat(n, p);
}

uint64_t fips_link_alive_due(const struct fips_peer *p)
{
	return fips_sooner(p->close_at, fips_sooner(p->dead_at, p->heartbeat_at));
}

static void disconnected(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	enum fips_disconnect why;
	char text[FIPS_ADDR_TEXT];

	if (!fips_disconnect_parse(in->bytes, in->len, &why)) {
		fips_count(n, FIPS_NODE_LINK_MESSAGE);
		return;
	}
	fips_log_of(n, FIPS_LOG_INFO, &p->addr, "%s disconnected: %s", fips_peer_name(p, text),
		    fips_disconnect_name(why));
	fips_link_down(n, p, true);
}

/* A neighbour's first words may come before it is told that something has opened under the key:
 * they have proven it as well, and it says them once. */
static void of_mesh(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	if (in->key == p->send->id && !p->send->proven)
		fips_link_confirmed(n, p, in);
	fips_mesh_message(n, p, in);
}

void fips_link_message(struct fips_node *n, const struct fips_input *in)
{
	struct fips_peer *p = fips_peer_up(n, &in->peer);

	if (!p || !fips_link_key_find(p, in->key)) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	if (in->len == 0 || in->len < fips_link_message_min(in->bytes[0])) {
		fips_count(n, FIPS_NODE_LINK_MESSAGE);
		return;
	}
	switch (in->bytes[0]) {
	case FIPS_LINK_HEARTBEAT:
	case FIPS_LINK_SENDER_REPORT: break; /* a sign of life, and no more */
	case FIPS_LINK_RECEIVER_REPORT: fips_link_report(n, p, in); break;
	case FIPS_LINK_DISCONNECT: disconnected(n, p, in); break;
	case FIPS_LINK_TREE_ANNOUNCE:
	case FIPS_LINK_FILTER_ANNOUNCE:
	case FIPS_LINK_LOOKUP_REQUEST:
	case FIPS_LINK_LOOKUP_RESPONSE: of_mesh(n, p, in); break;
	default: fips_count(n, FIPS_NODE_LINK_MESSAGE); break;
	}
}
