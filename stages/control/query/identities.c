/* identities - nodes whose keys are known: peers of the node file, and those we have heard of
 * (operations.md 4.3). */
#include "stages/control/query/parts.h"

static void put_identity(struct query *q, json_t *o, const struct fips_addr *addr,
                         const uint8_t xonly[FIPS_XONLY_LEN], uint64_t seen)
{
	put_addr(o, "node_addr", addr);
	put_npub(o, "npub", xonly);
	put_name(q, o, "display_name", addr);
	put_ipv6(o, "ipv6_addr", addr);
	put_int(o, "last_seen_ms", query_ms(q, seen));
	put_int(o, "age_ms", q->now > seen ? (q->now - seen) / MR_NS_PER_MS : 0);
}

/* A peer that has not been heard is known since the start. */
static unsigned put_configured(struct query *q, json_t *list)
{
	struct fips_peer_info p;
	unsigned n = 0;

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		struct query_traffic t;

		if (!p.configured)
			continue;
		t = query_traffic(q->control, true, &p.addr);
		put_identity(q, add_object(list), &p.addr, p.xonly,
		             t.heard ? t.heard : q->host->started);
		n++;
	}
	return n;
}

json_t *show_identity_cache(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "entries");
	struct fips_known_info k;
	unsigned n = put_configured(q, list);

	for (unsigned at = 0; fips_node_known_next(q->control->node, &at, &k); n++) {
		if (json_array_size(list) < QUERY_LIST)
			put_identity(q, add_object(list), &k.addr, k.xonly, k.seen);
	}
	put_int(o, "count", n);
	put_int(o, "max_entries", fips_node_known_max(q->control->node));
	return o;
}

unsigned query_identities(const struct query *q)
{
	struct fips_known_info k;
	struct fips_peer_info p;
	unsigned n = 0;

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);)
		n += p.configured;
	for (unsigned at = 0; fips_node_known_next(q->control->node, &at, &k);)
		n++;
	return n;
}
