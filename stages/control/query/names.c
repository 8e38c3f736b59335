/* names - what nodes are called (operations.md 6):
 * one sorted list, made when a query first asks. */
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/parts.h"

/* Of one node there may be several: the hosts file's goes first. */
struct known_name {
	struct fips_addr addr;
	unsigned         rank;   /* the smaller, the better */
	bool             has_key;
	uint8_t          xonly[FIPS_XONLY_LEN];
	char             name[FIPS_HOST_LEN]; /* or empty */
};

static int by_node(const void *a, const void *b)
{
	const struct known_name *x = a, *y = b;
	int order = fips_addr_cmp(&x->addr, &y->addr);

	return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

static unsigned count(const struct query *q)
{
	const struct control *c = q->control;
	struct fips_session_info session;
	struct fips_peer_info peer;
	unsigned n = c->access.hosts.n;

	for (unsigned at = 0; fips_node_peer_next(c->node, &at, &peer);)
		n++;
	for (unsigned at = 0; fips_node_session_next(c->node, &at, &session);)
		n++;
	return n;
}

static void add(struct query *q, const struct fips_addr *addr, const char *name,
                const uint8_t *xonly)
{
	struct known_name *k = &q->names[q->n_names];

	*k = (struct known_name){ .addr = *addr, .rank = q->n_names, .has_key = xonly };
	q->n_names++;
	snprintf(k->name, sizeof k->name, "%s", name);
	if (xonly)
		memcpy(k->xonly, xonly, FIPS_XONLY_LEN);
}

/* Of a session that somebody has just begun the key may not be known. */
static bool is_key(const uint8_t xonly[FIPS_XONLY_LEN])
{
	static const uint8_t none[FIPS_XONLY_LEN];

	return memcmp(xonly, none, sizeof none) != 0;
}

static bool gather(struct query *q)
{
	const struct control *c = q->control;
	struct fips_session_info session;
	struct fips_peer_info peer;

	if (q->names)
		return true;
	q->names = calloc(count(q) + 1, sizeof *q->names);
	if (!q->names)
		return false;
	for (unsigned i = 0; i < c->access.hosts.n; i++)
		add(q, &c->access.hosts.host[i].addr, c->access.hosts.host[i].name, NULL);
	for (unsigned at = 0; fips_node_peer_next(c->node, &at, &peer);)
		add(q, &peer.addr, peer.alias, peer.xonly);
	for (unsigned at = 0; fips_node_session_next(c->node, &at, &session);)
		add(q, &session.addr, "", is_key(session.xonly) ? session.xonly : NULL);
	qsort(q->names, q->n_names, sizeof *q->names, by_node);
	return true;
}

/* The first of those about a node; they end where another node begins. */
static unsigned first_of(const struct query *q, const struct fips_addr *addr)
{
	unsigned low = 0, high = q->n_names;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (fips_addr_cmp(&q->names[middle].addr, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const uint8_t *query_key(struct query *q, const struct fips_addr *addr)
{
	if (fips_addr_eq(addr, &q->control->mesh->me.addr))
		return q->control->mesh->me.pub + 1;
	if (!gather(q))
		return NULL;
	for (unsigned i = first_of(q, addr); i < q->n_names; i++) {
		if (!fips_addr_eq(&q->names[i].addr, addr))
			break;
		if (q->names[i].has_key)
			return q->names[i].xonly;
	}
	return NULL;
}

static void short_npub(const uint8_t xonly[FIPS_XONLY_LEN], char text[FIPS_HOST_LEN])
{
	char npub[FIPS_KEY_TEXT];
	size_t n;

	fips_npub_format(xonly, npub);
	n = strlen(npub);
	snprintf(text, FIPS_HOST_LEN, "%.9s...%s", npub, npub + n - 4);
}

const char *query_name(struct query *q, const struct fips_addr *addr, char text[FIPS_HOST_LEN])
{
	char hex[FIPS_ADDR_TEXT];
	const uint8_t *xonly;

	for (unsigned i = gather(q) ? first_of(q, addr) : q->n_names; i < q->n_names; i++) {
		if (!fips_addr_eq(&q->names[i].addr, addr))
			break;
		if (!q->names[i].name[0])
			continue;
		snprintf(text, FIPS_HOST_LEN, "%s", q->names[i].name);
		return text;
	}
	xonly = query_key(q, addr);
	if (xonly) {
		short_npub(xonly, text);
		return text;
	}
	fips_addr_text(addr, hex);
	snprintf(text, FIPS_HOST_LEN, "%.8s...", hex);
	return text;
}

void put_name(struct query *q, json_t *o, const char *key, const struct fips_addr *addr)
{
	char text[FIPS_HOST_LEN];

	put_text(o, key, query_name(q, addr, text));
}
