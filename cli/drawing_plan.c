/* drawing_plan - a graph's JSON to rows and columns.
 *
 *   1. read     stages worker by worker, their outputs below them
 *   2. rows     each stage, each output and each name that something was dropped by gets one
 *   3. columns  each stage that edges lead to gets one, short ones next to the boxes
 */
#include "cli/drawing_parts.h"

#include <string.h>

/* ---- reading ---- */

static const char *text(const json_t *value)
{
	const char *s = json_string_value(value);

	return s ? s : "?";
}

static void read_workers(struct drawn *d, const json_t *graph)
{
	json_t *workers = json_object_get(graph, "workers"), *worker;
	const char *name;

	json_object_foreach(workers, name, worker) {
		const json_t *stages = json_object_get(worker, "stages"), *stage;
		size_t i;

		if (d->workers == DRAWN_WORKERS)
			return;
		d->worker[d->workers].name = name;
		d->worker[d->workers].threads =
			(uint64_t)json_integer_value(json_object_get(worker, "threads"));
		json_array_foreach(stages, i, stage)
			if (d->stages < DRAWN_STAGES)
				d->stage[d->stages++] = (struct drawn_stage){
					.name = text(stage), .worker = d->workers,
					.kind = text(json_object_get(
						json_object_get(json_object_get(graph, "stages"),
					                        text(stage)), "kind")),
				};
		d->workers++;
	}
}

/* The stage of "stage.port", or DRAWN_STAGES; *port is what stands behind the dot. */
static unsigned stage_of(const struct drawn *d, const char *end, const char **port)
{
	const char *dot = strrchr(end, '.');

	for (unsigned i = 0; dot && i < d->stages; i++)
		if (strlen(d->stage[i].name) == (size_t)(dot - end) &&
		    strncmp(d->stage[i].name, end, (size_t)(dot - end)) == 0) {
			*port = dot + 1;
			return i;
		}
	return DRAWN_STAGES;
}

static const struct cli_edge *edge_now(const struct drawn *d, const char *from, const char *to)
{
	for (unsigned i = 0; d->sample && i < d->sample->edges; i++)
		if (strcmp(d->sample->edge[i].from, from) == 0 &&
		    strcmp(d->sample->edge[i].to, to) == 0)
			return &d->sample->edge[i];
	return NULL;
}

static void read_edges(struct drawn *d, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *from = text(json_object_get(item, "from"));
		const char *to = text(json_object_get(item, "to"));
		const char *full = json_string_value(json_object_get(item, "full"));
		struct drawn_edge *e = &d->edge[d->edges];

		if (d->edges == DRAWN_EDGES)
			return;
		*e = (struct drawn_edge){ 0 };
		e->from = stage_of(d, from, &e->output);
		e->to = stage_of(d, to, &e->input);
		if (e->from == DRAWN_STAGES || e->to == DRAWN_STAGES)
			continue;
		e->depth = (uint64_t)json_integer_value(json_object_get(item, "depth"));
		e->wait = full && strcmp(full, "wait") == 0;
		e->now = edge_now(d, from, to);
		e->ring = e->now ? e->now->ring :
				   d->stage[e->from].worker != d->stage[e->to].worker;
		d->edges++;
	}
}

static void read_now(struct drawn *d)
{
	for (unsigned i = 0; i < d->stages; i++)
		for (unsigned k = d->sample ? d->sample->stages : 0; k-- > 0;)
			if (strcmp(d->sample->stage[k].name, d->stage[i].name) == 0)
				d->stage[i].now = &d->sample->stage[k];
}

void cli_drawing_read(struct drawn *d, const json_t *graph)
{
	read_workers(d, graph);
	read_edges(d, json_object_get(graph, "edges"));
	read_now(d);
}

/* ---- sums over the replicas of a stage ---- */

static bool is_replica(const struct drawn *d, const struct drawn_stage *s, unsigned k)
{
	return strcmp(d->sample->stage[k].name, s->name) == 0;
}

struct drawn_sums cli_drawing_sums(const struct drawn *d, const struct drawn_stage *s)
{
	struct drawn_sums sum = { 0 };

	for (unsigned k = 0; d->sample && k < d->sample->stages; k++) {
		const struct cli_stage *now = &d->sample->stage[k];

		if (!is_replica(d, s, k))
			continue;
		sum.packets += now->packets.since;
		sum.bytes += now->bytes.since;
		sum.dropped += now->dropped.since;
		sum.busy_ns += now->busy_ns.since;
	}
	return sum;
}

uint64_t cli_drawing_dropped(const struct drawn *d, const struct drawn_stage *s, unsigned n)
{
	uint64_t sum = 0;

	if (s->now->drop[n].edge)
		return 0;
	for (unsigned k = 0; k < d->sample->stages; k++)
		if (is_replica(d, s, k) && n < d->sample->stage[k].drops)
			sum += d->sample->stage[k].drop[n].n.since;
	return sum;
}

/* ---- places ---- */

static unsigned rows_of_drops(const struct drawn *d, const struct drawn_stage *s)
{
	unsigned rows = 0;

	for (unsigned n = 0; s->now && n < s->now->drops; n++)
		rows += cli_drawing_dropped(d, s, n) > 0;
	return rows;
}

static void place_rows(struct drawn *d, unsigned row)
{
	for (unsigned i = 0; i < d->stages; i++) {
		struct drawn_stage *s = &d->stage[i];

		if (!d->worker[s->worker].used) {
			row += i > 0; /* below the border that ends the box before */
			d->worker[s->worker].row = row;
			d->worker[s->worker].used = true;
		}
		s->row = ++row; /* below the border */
		row += 1 + rows_of_drops(d, s);
		for (unsigned k = 0; k < d->edges; k++)
			if (d->edge[k].from == i)
				d->edge[k].row = row++;
	}
	d->rows = row; /* of the last border */
}

static void place_columns(struct drawn *d)
{
	unsigned order[DRAWN_STAGES] = { 0 }, n = 0;

	for (unsigned i = 0; i < d->stages; i++)
		d->stage[i].top = d->stage[i].end = d->stage[i].row;
	for (unsigned k = 0; k < d->edges; k++) {
		struct drawn_stage *s = &d->stage[d->edge[k].to];

		s->reached = true;
		s->top = d->edge[k].row < s->top ? d->edge[k].row : s->top;
		s->end = d->edge[k].row > s->end ? d->edge[k].row : s->end;
	}
	for (unsigned i = 0; i < d->stages; i++) {
		unsigned at = n, length = d->stage[i].end - d->stage[i].top;

		if (!d->stage[i].reached)
			continue;
		for (; at > 0 && d->stage[order[at - 1]].end - d->stage[order[at - 1]].top > length;
		     at--)
			order[at] = order[at - 1];
		order[at] = i;
		n++;
	}
	for (unsigned i = 0; i < n; i++) {
		struct drawn_stage *s = &d->stage[order[i]];

		for (unsigned k = 0; k < i; k++) {
			const struct drawn_stage *o = &d->stage[order[k]];

			if (o->column != s->column || o->top > s->end || o->end < s->top)
				continue;
			s->column++;
			k = UINT32_MAX; /* begin again */
		}
		if (s->column >= d->columns)
			d->columns = s->column + 1;
	}
}

void cli_drawing_place(struct drawn *d, unsigned row)
{
	place_rows(d, row);
	place_columns(d);
}
