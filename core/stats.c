/* stats - a view of the engine as JSON (doc/stats.md).
 *
 * From the outside in: the document, then workers, stages and edges, then a histogram.  json_pack
 * gives NULL when any part is NULL, so running out of memory shows once, at the end.
 */
#include "core/stats.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* JSON numbers are signed; no count gets that far. */
static json_int_t num(uint64_t n)
{
	return (json_int_t)n;
}

/* Append, or give the array up; a NULL array stays NULL. */
static json_t *with(json_t *array, json_t *item)
{
	if (array && json_array_append_new(array, item) == 0)
		return array;
	if (!array)
		json_decref(item);
	json_decref(array);
	return NULL;
}

/* To one tenth: more digits would say more than the histogram knows. */
static double mean_of(const struct mr_hist_view *h)
{
	double mean;

	if (h->count == 0)
		return 0;
	mean = (double)h->sum / (double)h->count;
	return mean < 1e15 ? (double)(uint64_t)(mean * 10 + 0.5) / 10 : mean;
}

/* [largest value of a bucket, values in it, ...], those that hold any. */
static json_t *buckets_json(const struct mr_hist_view *h)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < MR_HIST_BUCKETS; i++)
		if (h->bucket[i]) {
			a = with(a, json_integer(num(mr_hist_floor(i + 1) - 1)));
			a = with(a, json_integer(num(h->bucket[i])));
		}
	return a;
}

static json_t *hist_json(const struct mr_hist_view *h, bool buckets)
{
	json_t *o = json_pack("{s:I,s:f,s:I,s:I,s:I,s:I,s:I}",
	                      "count", num(h->count),
	                      "mean", mean_of(h),
	                      "p50", num(mr_hist_quantile(h, 0.5)),
	                      "p90", num(mr_hist_quantile(h, 0.9)),
	                      "p99", num(mr_hist_quantile(h, 0.99)),
	                      "p999", num(mr_hist_quantile(h, 0.999)),
	                      "max", num(h->max));

	if (o && buckets && json_object_set_new(o, "buckets", buckets_json(h)) != 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* ---- a stage ---- */

static json_t *named_json(const struct mr_named *table, const uint64_t *words)
{
	json_t *o = json_object();
	unsigned n = mr_named_count(table);

	for (unsigned i = 0; o && i < n; i++)
		if (json_object_set_new(o, table[i].name, json_integer(num(words[i]))) != 0) {
			json_decref(o);
			return NULL;
		}
	return o;
}

/* Those of the kind, and the one that any stage with inputs may have. */
static json_t *drops_json(const struct mr_stage_view *s)
{
	json_t *o = named_json(s->kind->drops, s->drop);

	if (o && mr_ports_count(s->kind->inputs) > 0)
		json_object_set_new(o, "sojourn", json_integer(num(s->word[MR_W_SOJOURN])));
	return o;
}

static json_t *outputs_json(const struct mr_stage_view *s)
{
	const struct mr_port *table = s->kind->outputs;
	json_t *o = json_object();
	unsigned n = mr_ports_count(table);

	for (unsigned i = 0; o && i < n; i++)
		if (json_object_set_new(o, table[i].name,
		                        json_pack("{s:I,s:I,s:I}",
		                                  "packets", num(s->handed[2 * i]),
		                                  "bytes", num(s->handed[2 * i + 1]),
		                                  "dropped", num(s->edge[i]))) != 0) {
			json_decref(o);
			return NULL;
		}
	return o;
}

static json_t *packets_json(const struct mr_stage_view *s)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
	                 "in", num(s->word[MR_W_IN]),
	                 "out", num(s->word[MR_W_OUT]),
	                 "made", num(s->word[MR_W_MADE]),
	                 "taken", num(s->word[MR_W_TAKEN]),
	                 "held", num(s->word[MR_W_HELD]),
	                 "dropped", num(mr_stats_dropped(s)),
	                 "balance", (json_int_t)mr_stats_balance(s));
}

/* Histograms the stage has; "vector" counts packets, the others nanoseconds. */
static int add_hists(json_t *o, const struct mr_stage_view *s, bool buckets)
{
	const struct {
		const char                *name;
		const struct mr_hist_view *hist;
	} table[] = {
		{ "wait_ns", s->wait },
		{ "service_ns", s->service },
		{ "vector", s->size },
		{ "transit_ns", s->transit },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].hist &&
		    json_object_set_new(o, table[i].name, hist_json(table[i].hist, buckets)) != 0)
			return -1;
	return 0;
}

static json_t *stage_json(const struct mr_view *v, const struct mr_stage_view *s, bool buckets)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:i,s:o,s:{s:I,s:I,s:I},s:I,s:I,s:I,s:o,s:o,s:o}",
	                      "name", s->name,
	                      "kind", s->kind->name,
	                      "worker", v->worker[s->worker].name,
	                      "replica", (int)s->replica,
	                      "packets", packets_json(s),
	                      "bytes",
	                      "in", num(s->word[MR_W_IN_BYTES]),
	                      "out", num(s->word[MR_W_OUT_BYTES]),
	                      "taken", num(s->word[MR_W_TAKEN_BYTES]),
	                      "vectors", num(s->word[MR_W_VECTORS]),
	                      "calls", num(s->word[MR_W_CALLS]),
	                      "busy_ns", num(s->word[MR_W_BUSY_NS]),
	                      "drops", drops_json(s),
	                      "edges", outputs_json(s),
	                      "counters", named_json(s->kind->counters, s->counter));

	if (o && add_hists(o, s, buckets) != 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* ---- workers and edges ---- */

static json_t *worker_json(const struct mr_worker_view *w)
{
	return json_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:{s:I,s:I}}",
	                 "name", w->name,
	                 "host", (int)w->host,
	                 "busy_ns", num(w->busy_ns),
	                 "held_ns", num(w->held_ns),
	                 "idle_ns", num(w->idle_ns),
	                 "turns", num(w->turns),
	                 "wakes", num(w->wakes),
	                 "sleeps", num(w->sleeps),
	                 "events_lost", num(w->events_lost),
	                 "stuck_ns", num(w->stuck_ns),
	                 "pool",
	                 "packets", num(w->pool_packets),
	                 "free", num(w->pool_free));
}

/* The lanes that an edge's rings have; none behind the numbering. */
static json_t *lanes_json(const struct mr_view *v, unsigned edge)
{
	json_t *lanes = json_object();

	for (enum mr_lane lane = 0; v->graph->edge[edge].lanes && lane < MR_LANES; lane++) {
		struct mr_ring_view sum;

		if (mr_stats_lane(v, edge, lane, &sum))
			json_object_set_new(lanes, mr_lane_words[lane],
			                    json_pack("{s:I,s:I,s:I}", "depth", num(sum.depth),
			                              "queued", num(sum.queued), "high_water",
			                              num(sum.high_water)));
	}
	return lanes;
}

static json_t *edge_json(const struct mr_view *v, unsigned index)
{
	const struct mr_graph *g = v->graph;
	const struct mr_edge *e = &g->edge[index];
	const struct mr_stage *from = &g->stage[e->from], *to = &g->stage[e->to];
	struct mr_ring_view sum;
	struct mr_edge_sum handed = mr_stats_handed(v, index);
	bool ring = mr_stats_edge(v, index, &sum);

	return json_pack("{s:o,s:o,s:s,s:I,s:I,s:I,s:b,s:I,s:I,s:I,s:o}",
	                 "from", json_sprintf("%s.%s", from->name,
	                                      from->kind->outputs[e->output].name),
	                 "to", json_sprintf("%s.%s", to->name, to->kind->inputs[e->input].name),
	                 "full", e->full == MR_WAIT ? "wait" : "drop",
	                 "packets", num(handed.packets),
	                 "bytes", num(handed.bytes),
	                 "dropped", num(handed.dropped),
	                 "inline", (int)!ring,
	                 "depth", num(sum.depth),
	                 "queued", num(sum.queued),
	                 "high_water", num(sum.high_water),
	                 "lanes", lanes_json(v, index));
}

/* ---- the document ---- */

static json_t *workers_json(const struct mr_view *v)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < v->workers; i++)
		a = with(a, worker_json(&v->worker[i]));
	return a;
}

static json_t *stages_json(const struct mr_view *v, bool buckets)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < v->stages; i++)
		a = with(a, stage_json(v, &v->stage[i], buckets));
	return a;
}

static json_t *edges_json(const struct mr_view *v)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < v->graph->edges; i++)
		a = with(a, edge_json(v, i));
	return a;
}

/* A path, or what is said of it, need not be UTF-8, which is all that JSON can say. */
static json_t *path_json(const char *path)
{
	json_t *s = path ? json_string(path) : NULL;

	return s ? s : json_string("");
}

static bool conserved(const struct mr_view *v)
{
	for (unsigned i = 0; i < v->stages; i++)
		if (mr_stats_balance(&v->stage[i]) != 0)
			return false;
	return true;
}

static json_t *reload_json(const struct mr_reload *r)
{
	json_t *o = json_object();

	for (unsigned i = 0; o && i < MR_RELOAD_RESULTS; i++)
		json_object_set_new(o, mr_reload_words[i], json_integer(num(r->count[i])));
	if (o && r->at) {
		json_object_set_new(o, "last", json_string(mr_reload_words[r->last]));
		json_object_set_new(o, "at_s", json_real((double)(r->at / MR_NS_PER_MS) / 1000));
		json_object_set_new(o, "message", path_json(r->text));
		json_object_set_new(o, "rest_ns", json_integer(num(r->rest_ns)));
		json_object_set_new(o, "rest_max_ns", json_integer(num(r->rest_max_ns)));
		json_object_set_new(o, "moved", json_integer(num(r->moved)));
		json_object_set_new(o, "lost", json_integer(num(r->lost)));
	}
	return o;
}

char *mr_stats_json(const struct mr_view *v, bool buckets, size_t *len)
{
	const struct mr_graph *g = v->graph;
	double uptime = (double)((v->now_ns - v->started_ns) / MR_NS_PER_MS) / 1000;
	json_t *doc = json_pack("{s:s,s:i,s:{s:s,s:o,s:s},s:s,s:f,s:o,s:{s:I,s:I},s:o,s:o,s:o,s:b}",
	                        "version", PACKAGE_VERSION,
	                        "pid", (int)getpid(),
	                        "graph",
	                        "name", g->name ? g->name : "",
	                        "file", path_json(g->file),
	                        "summary", g->summary ? g->summary : "",
	                        "aead", v->aead ? v->aead : "",
	                        "uptime_s", uptime,
	                        "reload", reload_json(&v->reload),
	                        "log", "held", num(v->log_held), "lost", num(v->log_lost),
	                        "workers", workers_json(v),
	                        "stages", stages_json(v, buckets),
	                        "edges", edges_json(v),
	                        "conservation", (int)conserved(v));
	size_t layout = buckets ? JSON_COMPACT : JSON_INDENT(2);
	char *text = doc ? json_dumps(doc, layout | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(doc);
	*len = text ? strlen(text) : 0;
	return text;
}
