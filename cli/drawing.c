/* drawing - boxes, the columns of edges beside them, then the lines to and from those. */
#include "cli/drawing_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/units.h"

enum { BOX_LEAST = 46, BOX_MOST = 66 };

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

		if (strncmp(w->name, name, len) != 0 ||
		    (w->name[len] != '\0' && w->name[len] != '.'))
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
                       const struct drawn_sums *sum)
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
	const struct drawn_sums sum = cli_drawing_sums(d, s);
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
		uint64_t dropped = cli_drawing_dropped(d, s, n);

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
				 room > strlen(e->output) + 3 ? (int)(room - strlen(e->output) - 3)
							      : 0,
				 e->input);
	if (e->now)
		draw_rates(d, sheet, e->row,
			   &(struct drawn_sums) { e->now->packets.since, e->now->bytes.since,
						  e->now->dropped.since, 0 });
	if (e->now && e->ring)
		snprintf(text_of, sizeof text_of, "%" PRIu64 "/%" PRIu64, e->now->queued,
			 e->now->depth);
	else if (e->ring)
		snprintf(text_of, sizeof text_of, "%s %" PRIu64, e->wait ? "wait" : "drop",
			 e->depth);
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

	cli_drawing_place(d, row);
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
	cli_drawing_read(d, graph);
	if (d->stages > 0)
		draw(d, sheet, row);
	free(d);
	return true;
}
