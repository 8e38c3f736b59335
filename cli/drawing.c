/* drawing - from a graph's JSON to rows of boxes, then the columns of edges beside them.
 *
 *   1. read     stages worker by worker, their outputs below them
 *   2. place    each stage and output gets a row
 *   3. columns  each stage that edges lead to gets a column, short ones next to the boxes
 *   4. draw     boxes, columns, then the lines to and from them
 */
#include "cli/drawing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/units.h"

enum { STAGES = 64, EDGES = 256, WORKERS = 64, BOX_LEAST = 46, BOX_MOST = 66 };

struct drawn_edge {
	const char *output, *input; /* names, output not NUL-terminated: output_len */
	size_t      output_len;
	unsigned    from, to;       /* stages */
	unsigned    row;
	uint64_t    depth;
	bool        wait, ring;
	const struct cli_edge *now; /* or NULL */
};

struct drawn_stage {
	const char *name, *kind;
	unsigned    worker, row;
	unsigned    top, end;       /* rows of the column that leads here, both included */
	unsigned    column;
	bool        reached;
	const struct cli_stage *now; /* the first replica, or NULL */
};

struct drawn {
	struct drawn_stage stage[STAGES]; /* worker by worker */
	struct drawn_edge  edge[EDGES];
	struct { const char *name; uint64_t threads; unsigned row; bool used; } worker[WORKERS];
	unsigned           stages, edges, workers, columns, box, rows;
	const struct cli_sample *sample; /* or NULL */
};

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

		if (d->workers == WORKERS)
			return;
		d->worker[d->workers].name = name;
		d->worker[d->workers].threads =
			(uint64_t)json_integer_value(json_object_get(worker, "threads"));
		json_array_foreach(stages, i, stage)
			if (d->stages < STAGES)
				d->stage[d->stages++] = (struct drawn_stage){
					.name = text(stage), .worker = d->workers,
					.kind = text(json_object_get(
						json_object_get(json_object_get(graph, "stages"),
					                        text(stage)), "kind")),
				};
		d->workers++;
	}
}

/* The stage of "stage.port", or STAGES; *port is what stands behind the dot. */
static unsigned stage_of(const struct drawn *d, const char *end, const char **port)
{
	const char *dot = strrchr(end, '.');

	for (unsigned i = 0; dot && i < d->stages; i++)
		if (strlen(d->stage[i].name) == (size_t)(dot - end) &&
		    strncmp(d->stage[i].name, end, (size_t)(dot - end)) == 0) {
			*port = dot + 1;
			return i;
		}
	return STAGES;
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

		if (d->edges == EDGES)
			return;
		*e = (struct drawn_edge){ 0 };
		e->from = stage_of(d, from, &e->output);
		e->to = stage_of(d, to, &e->input);
		if (e->from == STAGES || e->to == STAGES)
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

/* ---- sums over the replicas of a stage ---- */

struct sums {
	uint64_t packets, bytes, dropped, busy_ns;
};

static bool is_replica(const struct drawn *d, const struct drawn_stage *s, unsigned k)
{
	return strcmp(d->sample->stage[k].name, s->name) == 0;
}

static struct sums sums_of(const struct drawn *d, const struct drawn_stage *s)
{
	struct sums sum = { 0 };

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

/* By the n-th of the kind's names, of which edges show theirs on their own row. */
static uint64_t dropped_by(const struct drawn *d, const struct drawn_stage *s, unsigned n)
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
		rows += dropped_by(d, s, n) > 0;
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
	unsigned order[STAGES], n = 0;

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
		for (; at > 0 && d->stage[order[at - 1]].end - d->stage[order[at - 1]].top > length; at--)
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

/* ---- boxes ---- */

/* Where the numbers of a row end. */
enum { AT_DROP = 2, AT_RING = AT_DROP + 7, AT_BITS = AT_RING + 11, AT_PACKETS = AT_BITS + 6,
       AT_NAME = AT_PACKETS + 6 };

static void draw_border(const struct drawn *d, struct cli_sheet *sheet, unsigned row)
{
	for (unsigned col = 0; col < d->box; col++)
		cli_sheet_put(sheet, row, col, CLI_DIM, col == 0 || col == d->box - 1 ? '+' : '-');
}

static void draw_sides(const struct drawn *d, struct cli_sheet *sheet, unsigned row)
{
	cli_sheet_put(sheet, row, 0, CLI_DIM, '|');
	cli_sheet_put(sheet, row, d->box - 1, CLI_DIM, '|');
}

/* "in x 2: busy 93% held 0% idle 7%" of all its threads. */
static void draw_worker(const struct drawn *d, struct cli_sheet *sheet, unsigned worker)
{
	const char *name = d->worker[worker].name;
	uint64_t busy = 0, held = 0, idle = 0;
	char cell[3][CLI_CELL], title[256];
	int n = snprintf(title, sizeof title, " %s", name);

	if (d->worker[worker].threads > 1 && n > 0 && (size_t)n < sizeof title)
		snprintf(title + n, sizeof title - (size_t)n, " x %" PRIu64 " ",
		         d->worker[worker].threads);
	else
		snprintf(title, sizeof title, " %s ", name);
	draw_border(d, sheet, d->worker[worker].row);
	cli_sheet_text(sheet, d->worker[worker].row, 2, d->box - 3, CLI_BOLD, title);
	for (unsigned i = 0; d->sample && i < d->sample->workers; i++) {
		const struct cli_worker *w = &d->sample->worker[i];
		size_t len = strlen(name);

		if (strncmp(w->name, name, len) != 0 || (w->name[len] != '\0' && w->name[len] != '.'))
			continue;
		busy += w->busy_ns.since;
		held += w->held_ns.since;
		idle += w->idle_ns.since;
	}
	if (!d->sample)
		return;
	snprintf(title, sizeof title, " busy %s held %s idle %s ",
	         cli_units_share(cell[0], busy, busy + held + idle),
	         cli_units_share(cell[1], held, busy + held + idle),
	         cli_units_share(cell[2], idle, busy + held + idle));
	cli_sheet_right(sheet, d->worker[worker].row, d->box - 2, d->box - 3, CLI_BOLD, title);
}

static void draw_rates(const struct drawn *d, struct cli_sheet *sheet, unsigned row,
                       const struct sums *sum)
{
	uint64_t elapsed_ns = d->sample->elapsed_ns;
	char cell[CLI_CELL];

	cli_sheet_right(sheet, row, d->box - AT_PACKETS, 5, CLI_PLAIN,
	                cli_units_rate(cell, sum->packets, elapsed_ns));
	cli_sheet_right(sheet, row, d->box - AT_BITS, 5, CLI_PLAIN,
	                cli_units_rate(cell, sum->bytes * 8, elapsed_ns));
	if (sum->dropped)
		cli_sheet_right(sheet, row, d->box - AT_DROP, 6, CLI_RED,
		                cli_units_rate(cell, sum->dropped, elapsed_ns));
}

static void draw_stage(const struct drawn *d, struct cli_sheet *sheet, const struct drawn_stage *s)
{
	unsigned row = s->row, room = d->box - AT_NAME - 4;
	const struct sums sum = sums_of(d, s);
	char name[256], cell[CLI_CELL];

	if (strcmp(s->kind, s->name) == 0)
		snprintf(name, sizeof name, "%s", s->name);
	else
		snprintf(name, sizeof name, "%s (%s)", s->name, s->kind);
	draw_sides(d, sheet, row);
	cli_sheet_text(sheet, row, 2, room, CLI_BOLD, name);
	if (!d->sample)
		return;
	draw_rates(d, sheet, row, &sum);
	cli_sheet_right(sheet, row, d->box - AT_RING, 10, CLI_PLAIN,
	                cli_units_share(cell, sum.busy_ns, d->sample->elapsed_ns));
	for (unsigned n = 0; s->now && n < s->now->drops; n++) {
		uint64_t dropped = dropped_by(d, s, n);

		if (dropped == 0)
			continue;
		draw_sides(d, sheet, ++row);
		cli_sheet_format(sheet, row, 4, CLI_RED, "! %s", s->now->drop[n].name);
		cli_sheet_right(sheet, row, d->box - AT_DROP, 6, CLI_RED,
		                cli_units_rate(cell, dropped, d->sample->elapsed_ns));
		cli_sheet_put(sheet, row, d->box - 1, CLI_DIM, '|');
	}
}

static void draw_output(const struct drawn *d, struct cli_sheet *sheet, const struct drawn_edge *e)
{
	unsigned room = d->box - AT_NAME - 6;
	char text_of[256];

	draw_sides(d, sheet, e->row);
	if (strcmp(e->output, e->input) == 0)
		cli_sheet_text(sheet, e->row, 4, room, CLI_PLAIN, e->output);
	else
		cli_sheet_format(sheet, e->row, 4, CLI_PLAIN, "%s > %.*s", e->output,
		                 room > strlen(e->output) + 3 ? (int)(room - strlen(e->output) - 3) : 0,
		                 e->input);
	if (e->now)
		draw_rates(d, sheet, e->row, &(struct sums){ e->now->packets.since, e->now->bytes.since,
		                                             e->now->dropped.since, 0 });
	if (e->now && e->ring)
		snprintf(text_of, sizeof text_of, "%" PRIu64 "/%" PRIu64, e->now->queued, e->now->depth);
	else if (e->ring)
		snprintf(text_of, sizeof text_of, "%s %" PRIu64, e->wait ? "wait" : "drop", e->depth);
	else
		snprintf(text_of, sizeof text_of, "%s", e->now ? "" : e->wait ? "wait" : "drop");
	cli_sheet_right(sheet, e->row, d->box - AT_RING, 10, CLI_PLAIN, text_of);
}

/* ---- edges ---- */

static unsigned column_at(const struct drawn *d, unsigned column)
{
	return d->box + 3 + 2 * column;
}

static void draw_column(const struct drawn *d, struct cli_sheet *sheet, const struct drawn_stage *s)
{
	for (unsigned row = s->top; s->reached && row <= s->end; row++)
		cli_sheet_put(sheet, row, column_at(d, s->column), CLI_PLAIN, '|');
}

/* Between the box and a column, below the columns that are in between. */
static void draw_line(const struct drawn *d, struct cli_sheet *sheet, unsigned row,
                      const struct drawn_stage *s, enum cli_style style, char c)
{
	for (unsigned col = d->box; col < column_at(d, s->column); col++)
		if (cli_sheet_at(sheet, row, col) != '|')
			cli_sheet_put(sheet, row, col, style, c);
	cli_sheet_put(sheet, row, column_at(d, s->column), style, '+');
}

static void draw_edges(const struct drawn *d, struct cli_sheet *sheet)
{
	for (unsigned i = 0; i < d->stages; i++)
		draw_column(d, sheet, &d->stage[i]);
	for (unsigned k = 0; k < d->edges; k++) {
		const struct drawn_edge *e = &d->edge[k];
		bool drops = e->now && e->now->dropped.since > 0;

		draw_line(d, sheet, e->row, &d->stage[e->to], drops ? CLI_RED : CLI_PLAIN,
		          e->ring ? '=' : '-');
	}
	for (unsigned i = 0; i < d->stages; i++) {
		if (!d->stage[i].reached)
			continue;
		draw_line(d, sheet, d->stage[i].row, &d->stage[i], CLI_PLAIN, '-');
		cli_sheet_put(sheet, d->stage[i].row, d->box, CLI_PLAIN, '<');
	}
}

/* ---- all of it ---- */

static void draw(struct drawn *d, struct cli_sheet *sheet, unsigned row)
{
	unsigned beside;

	place_rows(d, row);
	place_columns(d);
	beside = 2 * d->columns + 3;
	d->box = sheet->width > beside + BOX_LEAST ? sheet->width - beside : BOX_LEAST;
	if (d->box > BOX_MOST)
		d->box = BOX_MOST;
	for (unsigned i = 0; i < d->stages; i++)
		draw_border(d, sheet, d->stage[i].row - 1);
	draw_border(d, sheet, d->rows);
	for (unsigned i = 0; i < d->workers; i++) {
		if (!d->worker[i].used)
			continue;
		if (d->worker[i].row > row)
			draw_border(d, sheet, d->worker[i].row - 1);
		draw_worker(d, sheet, i);
	}
	for (unsigned i = 0; i < d->stages; i++)
		draw_stage(d, sheet, &d->stage[i]);
	for (unsigned k = 0; k < d->edges; k++)
		draw_output(d, sheet, &d->edge[k]);
	draw_edges(d, sheet);
}

bool cli_draw_graph(struct cli_sheet *sheet, unsigned row, const json_t *graph,
                    const struct cli_sample *sample)
{
	struct drawn *d;

	if (!json_is_object(json_object_get(graph, "workers")) ||
	    !json_is_array(json_object_get(graph, "edges")))
		return false;
	d = calloc(1, sizeof *d);
	if (!d) {
		sheet->failed = true;
		return true;
	}
	d->sample = sample && sample->doc ? sample : NULL;
	read_workers(d, graph);
	read_edges(d, json_object_get(graph, "edges"));
	read_now(d);
	if (d->stages > 0)
		draw(d, sheet, row);
	free(d);
	return true;
}
