/* series - samples of the past, as text: an hour of seconds of every neighbour is long
 * (operations.md 8). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/parts.h"

/* What a query of samples asks for. */
struct span {
	bool     slow;
	uint64_t window; /* s                            */
	unsigned n;      /* samples, at most the ring's  */
};

static unsigned step_of(const struct span *s)
{
	return s->slow ? HISTORY_FOLD : 1;
}

/* ---- parameters ---- */

static bool read_span(struct query *q, struct span *out)
{
	const char *window = query_param(q, "window"), *step = query_param(q, "granularity");
	uint64_t n, most;

	*out = (struct span){ 0 };
	if (!mr_request_duration(window ? window : "10m", &out->window, q->wrong))
		return false;
	if (step && strcmp(step, "1s") && strcmp(step, "1m")) {
		query_wrong(q, "unknown granularity: %s (expected 1s or 1m)", step);
		return false;
	}
	out->slow = step && !strcmp(step, "1m");
	most = out->slow ? HISTORY_SLOW : HISTORY_FAST;
	n = out->window / step_of(out);
	out->n = (unsigned)(n < most ? n : most);
	return true;
}

/* The metric named by the parameter; false with a message. */
static bool read_metric(struct query *q, bool peer, unsigned *out)
{
	const struct history_metric *list = peer ? history_peer_metrics : history_node_metrics;
	unsigned n = peer ? HISTORY_PEER_METRICS : HISTORY_NODE_METRICS;
	const char *name = query_param(q, "metric");

	if (!name) {
		query_wrong(q, "missing 'metric' parameter");
		return false;
	}
	for (*out = 0; *out < n; (*out)++)
		if (!strcmp(list[*out].name, name))
			return true;
	query_wrong(q, "unknown %smetric: %s", peer ? "peer " : "", name);
	return false;
}

/* The neighbour named by the parameter; *out NULL: none is named.  False with a message. */
static bool read_peer(struct query *q, const struct history_peer **out)
{
	const char *npub = query_param(q, "peer");
	uint8_t pub[FIPS_PUB_LEN];
	char name[FIPS_HOST_LEN];
	struct fips_addr addr;
	const char *wrong;

	*out = NULL;
	if (!npub)
		return true;
	wrong = fips_npub_parse(npub, &q->control->mesh->curve, pub);
	if (wrong) {
		query_wrong(q, "invalid peer npub: %s", wrong);
		return false;
	}
	addr = fips_addr_of_key(pub + 1);
	*out = mr_history_find(q->control->history, &addr);
	if (!*out)
		query_wrong(q, "peer not tracked in stats history: %s",
		            query_name(q, &addr, name));
	return *out != NULL;
}

static bool has_params(struct query *q)
{
	if (!json_is_object(q->params))
		query_wrong(q, "missing params for %s", q->command);
	return json_is_object(q->params);
}

/* ---- writing ---- */

static void write_text(FILE *out, const char *text)
{
	json_t *o = json_object();
	char *dumped;

	put_text(o, "", text);
	dumped = query_dump(json_object_get(o, ""));
	fputs(dumped ? dumped : "\"\"", out);
	free(dumped);
	json_decref(o);
}

/* A sample to six decimals and without its last zeros, backwards from `end`; its first byte.  There
 * may be very many of them. */
static char *format_value(float v, char *end)
{
	uint64_t n, part, unit = 1000000;

	if (!isfinite(v) || v < 0 || v >= 1e12f)
		return memcpy(end - 4, "null", 4); /* NOLINT(bugprone-not-null-terminated-result) */
	n = (uint64_t)((double)v * 1e6 + 0.5);
	part = n % unit;
	while (unit > 10 && part % 10 == 0) {
		part /= 10;
		unit /= 10;
	}
	for (; unit > 1; unit /= 10, part /= 10)
		*--end = (char)('0' + part % 10);
	*--end = '.';
	n /= 1000000;
	do {
		*--end = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return end;
}

static void write_values(const struct query *q, const struct history_peer *peer, unsigned metric,
                         const struct span *s, FILE *out)
{
	float v[HISTORY_FAST];

	mr_history_read(q->control->history, peer, metric, s->slow, s->n, v);
	fputs("\"values\":[", out);
	for (unsigned i = 0; i < s->n; i++) {
		char text[32], *end = text + sizeof text, *at = format_value(v[i], end);

		if (i)
			*--at = ',';
		fwrite(at, 1, (size_t)(end - at), out);
	}
	fputc(']', out);
}

static void write_series(const struct query *q, const struct history_peer *peer, unsigned metric,
                         const struct span *s, FILE *out)
{
	const struct history_metric *m = peer ? &history_peer_metrics[metric] :
	                                        &history_node_metrics[metric];

	fprintf(out, "{\"metric\":\"%s\",\"unit\":\"%s\",\"granularity_seconds\":%u,", m->name,
	        m->unit, step_of(s));
	write_values(q, peer, metric, s, out);
	fputc('}', out);
}

bool show_stats_history(struct query *q, FILE *out)
{
	const struct history_peer *peer;
	struct span s;
	unsigned metric;

	if (!has_params(q) || !read_metric(q, query_param(q, "peer"), &metric) ||
	    !read_span(q, &s) || !read_peer(q, &peer))
		return false;
	query_begin(out);
	write_series(q, peer, metric, &s, out);
	return true;
}

bool show_stats_all_history(struct query *q, FILE *out)
{
	const struct history_peer *peer;
	struct span s;
	unsigned n;

	if (!read_span(q, &s) || !read_peer(q, &peer))
		return false;
	n = peer ? HISTORY_PEER_METRICS : HISTORY_NODE_METRICS;
	query_begin(out);
	fprintf(out, "{\"granularity_seconds\":%u,\"window_seconds\":%llu,\"peer\":", step_of(&s),
	        (unsigned long long)s.window);
	if (peer)
		write_text(out, query_param(q, "peer"));
	else
		fputs("null", out);
	fputs(",\"series\":[", out);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			fputc(',', out);
		write_series(q, peer, i, &s, out);
	}
	fputs("]}", out);
	return true;
}

/* ---- neighbours, those that are there first, then by name ---- */

struct kept {
	const struct history_peer *peer;
	bool                       there;
	char                       name[FIPS_HOST_LEN];
};

static int by_presence(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->there == y->there ? strcmp(x->name, y->name) : x->there ? -1 : 1;
}

static unsigned gather(struct query *q, struct kept list[HISTORY_PEERS])
{
	const struct history *h = q->control->history;
	const struct history_peer *p;
	unsigned n = 0;

	for (unsigned at = 0; (p = mr_history_next(h, &at));) {
		list[n].peer = p;
		list[n].there = mr_history_there(h, p);
		query_name(q, mr_history_addr(p), list[n++].name);
	}
	qsort(list, n, sizeof list[0], by_presence);
	return n;
}

static void write_peer(const struct query *q, const struct kept *kept, unsigned metric,
                       const struct span *s, FILE *out)
{
	char addr[FIPS_ADDR_TEXT];

	fips_addr_text(mr_history_addr(kept->peer), addr);
	fprintf(out, "{\"node_addr\":\"%s\",\"display_name\":", addr);
	write_text(out, kept->name);
	fprintf(out, ",\"is_active\":%s,", kept->there ? "true" : "false");
	write_values(q, kept->peer, metric, s, out);
	fputc('}', out);
}

bool show_stats_history_all_peers(struct query *q, FILE *out)
{
	struct kept list[HISTORY_PEERS];
	struct span s;
	unsigned metric, n;

	if (!has_params(q) || !read_metric(q, true, &metric) || !read_span(q, &s))
		return false;
	n = gather(q, list);
	query_begin(out);
	fprintf(out,
	        "{\"metric\":\"%s\",\"unit\":\"%s\",\"granularity_seconds\":%u,"
	        "\"window_seconds\":%llu,\"peers\":[",
	        history_peer_metrics[metric].name, history_peer_metrics[metric].unit, step_of(&s),
	        (unsigned long long)s.window);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			fputc(',', out);
		write_peer(q, &list[i], metric, &s, out);
	}
	fputs("]}", out);
	return true;
}

static uint64_t ago(const struct query *q, uint64_t then)
{
	return q->now > then ? (q->now - then) / MR_NS_PER_S : 0;
}

json_t *show_stats_peers(struct query *q)
{
	struct kept list[HISTORY_PEERS];
	json_t *all = json_object(), *peers = put_list(all, "peers");
	unsigned n = gather(q, list);

	for (unsigned i = 0; i < n; i++) {
		const struct fips_addr *addr = mr_history_addr(list[i].peer);
		const uint8_t *key = query_key(q, addr);
		json_t *o = add_object(peers);

		if (key)
			put_npub(o, "npub", key);
		else
			put_addr(o, "npub", addr);
		put_addr(o, "node_addr", addr);
		put_text(o, "display_name", list[i].name);
		put_bool(o, "is_active", list[i].there);
		put_int(o, "first_seen_secs_ago", ago(q, mr_history_first(list[i].peer)));
		put_int(o, "last_contact_secs_ago", ago(q, mr_history_last(list[i].peer)));
	}
	put_int(all, "count", n);
	return all;
}

/* ---- what there is ---- */

static void put_metrics(json_t *list, const struct history_metric *m, unsigned n, const char *scope)
{
	for (unsigned i = 0; i < n; i++) {
		json_t *o = add_object(list);

		put_text(o, "name", m[i].name);
		put_text(o, "unit", m[i].unit);
		put_text(o, "scope", scope);
	}
}

json_t *show_stats_list(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "metrics");

	(void)q;
	put_metrics(list, history_node_metrics, HISTORY_NODE_METRICS, "node");
	put_metrics(list, history_peer_metrics, HISTORY_PEER_METRICS, "peer");
	put_int(o, "fast_ring_seconds", HISTORY_FAST);
	put_int(o, "slow_ring_minutes", HISTORY_SLOW);
	put_int(o, "peer_retention_seconds", HISTORY_RETAIN / MR_NS_PER_S);
	return o;
}
