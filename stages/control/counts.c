/* counts.c - what control counts: of its own, and what the node and its parts have counted.
 *
 * The parts of the mesh layer have the names of the reference's control socket (operations.md 4.3), with a
 * hyphen for each underscore and the part in front. */
#include "stages/control/state.h"

/* clang-format off */
#define NODE(count, word, what)   [COUNT_NODE + (count)] = { word, .help = what }
#define TREE(count, word, what)   [COUNT_TREE + (count)] = { "tree-" word, .help = what }
#define FILTER(count, word, what) [COUNT_FILTERS + (count)] = { "bloom-" word, .help = what }
/* clang-format on */

const struct mr_named mr_control_counters[] = {
	[COUNT_ORDERS] = { "orders", .help = "orders sent to stages" },
	[COUNT_LATE_EVENTS] = { "late-events", .help = "events the node had no room for" },
	[COUNT_MISSED] = { "missed-events", .help = "found by the tick, not told" },
	[COUNT_UNSENT] = { "unsent", .help = "messages whose link or session was gone" },
	[COUNT_TABLE_FULL] = { "table-full", .help = "entries without a place in a table" },
	[COUNT_NAMES] = { "names-asked", .help = "questions to the name service" },
	[COUNT_SOCKETS] = { "sockets-connected", .help = "sockets of neighbours opened" },
	[COUNT_SOCKETS_CLOSED] = { "sockets-closed", .help = "such sockets closed again" },
	[COUNT_SOCKETS_CAPPED] = { "sockets-capped",
	                           .help = "such sockets not opened for want of descriptors" },
	[COUNT_SOCKETS_FAILED] = { "sockets-failed",
	                           .help = "such sockets that could not be opened" },
	NODE(FIPS_NODE_MALFORMED, "node-malformed", "handshake packets that are none"),
	NODE(FIPS_NODE_LIMITED, "node-limited", "handshakes over a rate limit"),
	NODE(FIPS_NODE_NO_HANDSHAKE, "node-no-handshake", "answers to nothing of ours"),
	NODE(FIPS_NODE_FORGED, "node-forged", "handshake messages that do not open"),
	NODE(FIPS_NODE_REPLAYED, "node-replayed", "handshakes seen before, or outdated"),
	NODE(FIPS_NODE_DUPLICATE, "node-duplicate", "handshakes of a link that is young"),
	NODE(FIPS_NODE_REFUSED, "node-refused", "strangers not wanted, or no room"),
	NODE(FIPS_NODE_LINK_MESSAGE, "node-link-message", "link messages unknown or short"),
	NODE(FIPS_NODE_DATAGRAM, "node-datagram", "session datagrams short or malformed"),
	NODE(FIPS_NODE_NO_ROUTE, "node-no-route", "from or to a node that is no neighbour"),
	NODE(FIPS_NODE_SESSION_STATE, "node-session-state", "session messages out of turn"),
	NODE(FIPS_NODE_SIGNAL, "node-signal", "error signals not to be believed"),
	NODE(FIPS_NODE_BODY, "node-body", "session messages unknown or short"),
	NODE(FIPS_NODE_REPORT, "node-report", "reports stale or under another key"),
	NODE(FIPS_NODE_GONE, "node-gone", "news of a link, session or key that is gone"),
	NODE(FIPS_NODE_ANSWERED, "node-answered", "handshakes answered with a new key"),
	NODE(FIPS_NODE_REPEATED, "node-repeated", "handshakes answered as before"),
	NODE(FIPS_NODE_LINK_REKEYS, "node-link-rekeys", "rekeys of links begun here"),
	NODE(FIPS_NODE_LINK_REKEYS_ANSWERED, "node-link-rekeys-answered",
	     "rekeys of links begun by the neighbour"),
	NODE(FIPS_NODE_LINK_REKEYS_FAILED, "node-link-rekeys-failed",
	     "rekeys begun here that nobody answered"),
	NODE(FIPS_NODE_SESSION_REKEYS, "node-session-rekeys", "rekeys of sessions begun here"),
	NODE(FIPS_NODE_SESSION_REKEYS_ANSWERED, "node-session-rekeys-answered",
	     "rekeys of sessions begun by the other side"),
	NODE(FIPS_NODE_SESSION_REKEYS_FAILED, "node-session-rekeys-failed",
	     "rekeys begun here that came to nothing"),
	NODE(FIPS_NODE_LINK_CUTS, "node-link-cuts", "links moved to a new key"),
	NODE(FIPS_NODE_SESSION_CUTS, "node-session-cuts", "sessions moved to a new key"),
	NODE(FIPS_NODE_RESTARTS, "node-restarts", "neighbours seen to have restarted"),
	NODE(FIPS_NODE_LOST, "node-lost", "links removed for silence"),
	NODE(FIPS_NODE_DENIED, "node-denied", "nodes that the access lists refuse"),
	NODE(FIPS_NODE_FORWARDS_GIVEN, "node-forwards-given",
	     "next hops given for others' datagrams"),
	NODE(FIPS_NODE_FORWARDS_REFUSED, "node-forwards-refused",
	     "destinations of others' datagrams without a next hop"),
	NODE(FIPS_NODE_FORWARDS_EVICTED, "node-forwards-evicted",
	     "next hops taken back to make room"),
	NODE(FIPS_NODE_UNDELIVERED, "node-undelivered",
	     "others' datagrams that go no further, told to the node"),
	NODE(FIPS_NODE_KERNEL_DROP_EVENTS, "node-kernel-drop-events",
	     "times that the kernel began to drop what came"),
	NODE(FIPS_NODE_RECOVERIES, "node-recoveries",
	     "handshakes begun since messages could not be read"),
	NODE(FIPS_NODE_SESSIONS_EVICTED, "node-sessions-evicted",
	     "sessions with nodes unknown here that made way"),
	NODE(FIPS_NODE_SESSIONS_FULL, "node-sessions-full", "sessions that found no place"),
	TREE(FIPS_TREE_ACCEPTED, "accepted", "tree announcements taken over"),
	TREE(FIPS_TREE_ADDR_MISMATCH, "addr-mismatch", "tree announcements of another node"),
	TREE(FIPS_TREE_ANCESTRY_CHANGED, "ancestry-changed", "times our way to the root changed above the parent"),
	TREE(FIPS_TREE_ANCESTRY_INVALID, "ancestry-invalid", "tree announcements of what cannot be"),
	TREE(FIPS_TREE_DECODE_ERROR, "decode-error", "tree announcements malformed"),
	TREE(FIPS_TREE_FLAP_DAMPENED, "flap-dampened", "times the parent changed too often"),
	TREE(FIPS_TREE_LOOP_DETECTED, "loop-detected", "parents that led back to us"),
	TREE(FIPS_TREE_OUTBOUND_SIGN_FAILED, "outbound-sign-failed", "declarations that could not be signed"),
	TREE(FIPS_TREE_PARENT_LOSSES, "parent-losses", "parents whose link went"),
	TREE(FIPS_TREE_PARENT_SWITCHES, "parent-switches", "times another parent was chosen"),
	TREE(FIPS_TREE_RATE_LIMITED, "rate-limited", "tree announcements put off, being too soon after the last"),
	TREE(FIPS_TREE_RECEIVED, "received", "tree announcements that came"),
	TREE(FIPS_TREE_SEND_FAILED, "send-failed", "tree announcements too long to be sent"),
	TREE(FIPS_TREE_SENT, "sent", "tree announcements sent"),
	TREE(FIPS_TREE_SIG_FAILED, "sig-failed", "tree announcements with a wrong signature"),
	TREE(FIPS_TREE_STALE, "stale", "tree announcements heard before"),
	TREE(FIPS_TREE_UNKNOWN_PEER, "unknown-peer", "tree announcements of nobody we are linked with"),
	TREE(FIPS_TREE_FLOODED, "flooded", "tree announcements over what one neighbour may have verified"),
	FILTER(FIPS_FILTERS_ACCEPTED, "accepted", "filters taken over"),
	FILTER(FIPS_FILTERS_DEBOUNCE_SUPPRESSED, "debounce-suppressed",
	       "filters put off, being too soon after the last"),
	FILTER(FIPS_FILTERS_DECODE_ERROR, "decode-error", "filters malformed"),
	FILTER(FIPS_FILTERS_FILL_EXCEEDED, "fill-exceeded", "filters too full"),
	FILTER(FIPS_FILTERS_INVALID, "invalid", "filters with another number of hashes"),
	FILTER(FIPS_FILTERS_NON_V1, "non-v1", "filters of another size"),
	FILTER(FIPS_FILTERS_RECEIVED, "received", "filters that came"),
	FILTER(FIPS_FILTERS_SEND_FAILED, "send-failed", "filters too long to be sent"),
	FILTER(FIPS_FILTERS_SENT, "sent", "filters sent"),
	FILTER(FIPS_FILTERS_STALE, "stale", "filters heard before"),
	FILTER(FIPS_FILTERS_UNKNOWN_PEER, "unknown-peer", "filters of nobody we are linked with"),
	FILTER(FIPS_FILTERS_FLOODED, "flooded", "filters over what one neighbour may send"),
	{ 0 }
};

/* Those from `first` on grow as these have. */
static void follow(struct control *c, struct mr_turn *t, unsigned first, const uint64_t *counts,
                   unsigned n)
{
	uint64_t *counted = &c->counted[first - COUNT_NODE];

	for (unsigned i = 0; i < n; i++) {
		if (counts[i] != counted[i])
			mr_count(t, first + i, counts[i] - counted[i]);
		counted[i] = counts[i];
	}
}

void mr_control_count(struct control *c, struct mr_turn *t)
{
	const struct fips_mesh *mesh = fips_node_mesh(c->node);

	follow(c, t, COUNT_NODE, fips_node_counts(c->node), FIPS_NODE_COUNTS);
	follow(c, t, COUNT_TREE, mesh->tree.counts, FIPS_TREE_COUNTS);
	follow(c, t, COUNT_FILTERS, mesh->filters.counts, FIPS_FILTERS_COUNTS);
}
