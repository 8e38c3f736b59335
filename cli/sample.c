/* sample - /stats to plain data, then the difference to an earlier one. */
#include "cli/sample.h"

#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "?";
}

static struct cli_count whole(uint64_t n)
{
	return (struct cli_count){ n, n };
}

static struct cli_count count(const json_t *object, const char *key)
{
	return whole(number(object, key));
}

/* An array's items, zeroed, and their number; NULL without memory. */
static void *items(const json_t *array, size_t each, unsigned *n)
{
	size_t most = json_array_size(array);

	*n = most < 65536 ? (unsigned)most : 65536;
	return calloc(*n + 1, each);
}

/* ---- times ---- */

/* Pairs of a bucket's largest value and its count. */
static struct mr_hist_view *read_buckets(const json_t *buckets, uint64_t max)
{
	struct mr_hist_view *h = json_is_array(buckets) ? calloc(1, sizeof *h) : NULL;

	for (size_t i = 0; h && i + 1 < json_array_size(buckets); i += 2) {
		json_int_t most = json_integer_value(json_array_get(buckets, i));
		json_int_t n = json_integer_value(json_array_get(buckets, i + 1));

		if (most < 0 || n < 0)
			continue;
		h->bucket[mr_hist_index((uint64_t)most)] += (uint64_t)n;
		h->count += (uint64_t)n;
	}
	if (h)
		h->max = max;
	return h;
}

static struct cli_times read_times(const json_t *hist)
{
	return (struct cli_times){
		.count = number(hist, "count"),
		.p50 = number(hist, "p50"),
		.p99 = number(hist, "p99"),
		.max = number(hist, "max"),
		.hist = read_buckets(json_object_get(hist, "buckets"), number(hist, "max")),
	};
}

/* ---- stages ---- */

static bool read_drops(struct cli_stage *s, const json_t *stage)
{
	json_t *drops = json_object_get(stage, "drops"), *edges = json_object_get(stage, "edges");
	size_t most = json_object_size(drops) + json_object_size(edges);
	const char *name;
	json_t *value;

	s->drop = calloc(most + 1, sizeof *s->drop);
	if (!s->drop)
		return false;
	json_object_foreach(drops, name, value)
		s->drop[s->drops++] = (struct cli_drop){ name, false, count(drops, name) };
	json_object_foreach(edges, name, value)
		s->drop[s->drops++] = (struct cli_drop){ name, true, count(value, "dropped") };
	return true;
}

static bool read_stage(struct cli_stage *s, const json_t *stage)
{
	const json_t *packets = json_object_get(stage, "packets");
	const json_t *bytes = json_object_get(stage, "bytes");
	uint64_t in = number(bytes, "in"), out = number(bytes, "out");

	*s = (struct cli_stage){
		.name = text(stage, "name"),
		.kind = text(stage, "kind"),
		.worker = text(stage, "worker"),
		.replica = (unsigned)number(stage, "replica"),
		.packets = whole(number(packets, "in") + number(packets, "made")),
		.in = count(packets, "in"),
		.out = whole(number(packets, "out") + number(packets, "taken")),
		.vectors = count(stage, "vectors"),
		.held = number(packets, "held"),
		.bytes = whole(in > out ? in : out),
		.dropped = count(packets, "dropped"),
		.busy_ns = count(stage, "busy_ns"),
		.wait = read_times(json_object_get(stage, "wait_ns")),
		.call = read_times(json_object_get(stage, "service_ns")),
		.transit = read_times(json_object_get(stage, "transit_ns")),
	};
	return read_drops(s, stage);
}

static bool read_stages(struct cli_sample *s, const json_t *list)
{
	unsigned n;

	s->stage = items(list, sizeof *s->stage, &n);
	if (!s->stage)
		return false;
	for (unsigned i = 0; i < n; i++) {
		s->stages = i + 1;
		if (!read_stage(&s->stage[i], json_array_get(list, i)))
			return false;
	}
	for (unsigned i = 1; i < n; i++)
		if (strcmp(s->stage[i].name, s->stage[i - 1].name) == 0)
			s->stage[i].several = s->stage[i - 1].several = true;
	return true;
}

/* ---- workers and edges ---- */

static bool read_workers(struct cli_sample *s, const json_t *list)
{
	s->worker = items(list, sizeof *s->worker, &s->workers);
	for (unsigned i = 0; s->worker && i < s->workers; i++) {
		const json_t *w = json_array_get(list, i), *pool = json_object_get(w, "pool");

		s->worker[i] = (struct cli_worker){
			.name = text(w, "name"),
			.busy_ns = count(w, "busy_ns"),
			.held_ns = count(w, "held_ns"),
			.idle_ns = count(w, "idle_ns"),
			.lost = count(w, "events_lost"),
			.pool = number(pool, "packets"),
			.pool_free = number(pool, "free"),
		};
	}
	return s->worker != NULL;
}

static bool read_edges(struct cli_sample *s, const json_t *list)
{
	s->edge = items(list, sizeof *s->edge, &s->edges);
	for (unsigned i = 0; s->edge && i < s->edges; i++) {
		const json_t *e = json_array_get(list, i);

		s->edge[i] = (struct cli_edge){
			.from = text(e, "from"),
			.to = text(e, "to"),
			.ring = json_is_false(json_object_get(e, "inline")),
			.depth = number(e, "depth"),
			.queued = number(e, "queued"),
			.high_water = number(e, "high_water"),
			.packets = count(e, "packets"),
			.bytes = count(e, "bytes"),
			.dropped = count(e, "dropped"),
		};
	}
	return s->edge != NULL;
}

/* ---- the answer ---- */

bool cli_sample_read(struct cli_sample *s, const char *body, size_t len)
{
	const json_t *stages;
	double uptime;

	*s = (struct cli_sample){ .doc = json_loadb(body, len, 0, NULL), .whole = true };
	stages = json_object_get(s->doc, "stages");
	if (!json_is_array(stages))
		return false;
	uptime = json_number_value(json_object_get(s->doc, "uptime_s"));
	s->version = text(s->doc, "version");
	s->graph = text(json_object_get(s->doc, "graph"), "name");
	s->aead = text(s->doc, "aead");
	s->pid = number(s->doc, "pid");
	s->uptime_ns = uptime > 0 && uptime < 1e10 ? (uint64_t)(uptime * 1e3 + 0.5) * 1000000 : 0;
	s->elapsed_ns = s->uptime_ns;
	s->conserved = json_is_true(json_object_get(s->doc, "conservation"));
	return read_stages(s, stages) && read_workers(s, json_object_get(s->doc, "workers")) &&
	       read_edges(s, json_object_get(s->doc, "edges"));
}

void cli_sample_close(struct cli_sample *s)
{
	for (unsigned i = 0; i < s->stages; i++) {
		free(s->stage[i].wait.hist);
		free(s->stage[i].call.hist);
		free(s->stage[i].transit.hist);
		free(s->stage[i].drop);
	}
	free(s->stage);
	free(s->worker);
	free(s->edge);
	json_decref(s->doc);
	*s = (struct cli_sample){ 0 };
}

/* ---- since ---- */

static void less(struct cli_count *n, const struct cli_count *before)
{
	n->since = n->all >= before->all ? n->all - before->all : n->all;
}

/* Without buckets times stay those since the start; so they do when the histogram began anew. */
static void times_since(struct cli_times *t, const struct cli_times *before)
{
	struct mr_hist_view *h;

	if (!t->hist || !before->hist || t->hist->count < before->hist->count)
		return;
	h = malloc(sizeof *h);
	if (!h)
		return;
	mr_hist_since(h, t->hist, before->hist);
	t->count = h->count;
	t->p50 = mr_hist_quantile(h, 0.5);
	t->p99 = mr_hist_quantile(h, 0.99);
	t->max = h->max;
	free(h);
}

static void stage_since(struct cli_stage *s, const struct cli_stage *b)
{
	less(&s->packets, &b->packets);
	less(&s->in, &b->in);
	less(&s->out, &b->out);
	less(&s->vectors, &b->vectors);
	less(&s->bytes, &b->bytes);
	less(&s->dropped, &b->dropped);
	less(&s->busy_ns, &b->busy_ns);
	times_since(&s->wait, &b->wait);
	times_since(&s->call, &b->call);
	times_since(&s->transit, &b->transit);
	for (unsigned i = 0; i < s->drops && i < b->drops; i++) /* one kind, one order */
		less(&s->drop[i].n, &b->drop[i].n);
}

static const struct cli_stage *same_stage(const struct cli_sample *in, const struct cli_stage *s)
{
	for (unsigned i = 0; i < in->stages; i++)
		if (in->stage[i].replica == s->replica && !strcmp(in->stage[i].name, s->name) &&
		    !strcmp(in->stage[i].kind, s->kind))
			return &in->stage[i];
	return NULL;
}

static void workers_since(struct cli_sample *s, const struct cli_sample *before)
{
	for (unsigned i = 0; i < s->workers; i++) {
		struct cli_worker *w = &s->worker[i];
		unsigned k = 0;

		while (k < before->workers && strcmp(before->worker[k].name, w->name) != 0)
			k++;
		if (k == before->workers)
			continue;
		less(&w->busy_ns, &before->worker[k].busy_ns);
		less(&w->held_ns, &before->worker[k].held_ns);
		less(&w->idle_ns, &before->worker[k].idle_ns);
		less(&w->lost, &before->worker[k].lost);
	}
}

static void edges_since(struct cli_sample *s, const struct cli_sample *before)
{
	for (unsigned i = 0; i < s->edges; i++) {
		struct cli_edge *e = &s->edge[i];

		for (unsigned k = 0; k < before->edges; k++) {
			const struct cli_edge *b = &before->edge[k];

			if (strcmp(b->from, e->from) != 0 || strcmp(b->to, e->to) != 0)
				continue;
			less(&e->packets, &b->packets);
			less(&e->bytes, &b->bytes);
			less(&e->dropped, &b->dropped);
		}
	}
}

bool cli_sample_since(struct cli_sample *s, const struct cli_sample *before)
{
	if (!before->doc || before->pid != s->pid || before->uptime_ns > s->uptime_ns)
		return false;
	for (unsigned i = 0; i < s->stages; i++) {
		const struct cli_stage *b = same_stage(before, &s->stage[i]);

		if (b)
			stage_since(&s->stage[i], b);
	}
	workers_since(s, before);
	edges_since(s, before);
	s->elapsed_ns = s->uptime_ns - before->uptime_ns;
	s->whole = false;
	return true;
}
