/* top_stages - stages with what they drop by name, and drops alone. */
#include "cli/top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/units.h"

const char *const cli_top_sorts[] = {
	"graph", "pkt/s", "drop/s", "busy", "wait p99", "call p99", NULL,
};

/* ---- order ---- */

static uint64_t key_of(const struct cli_stage *s, unsigned sort)
{
	switch (sort) {
	case CLI_TOP_PACKETS: return s->packets.since;
	case CLI_TOP_DROPS:   return s->dropped.since;
	case CLI_TOP_BUSY:    return s->busy_ns.since;
	case CLI_TOP_WAIT:    return s->wait.count ? s->wait.p99 : 0;
	case CLI_TOP_CALL:    return s->call.count ? s->call.p99 : 0;
	default:              return 0;
	}
}

struct place {
	uint64_t                key;
	unsigned                at; /* in the graph's order, for those alike */
	const struct cli_stage *stage;
	const struct cli_drop  *drop;
};

static int by_key(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* ---- a stage ---- */

static void stage_name(char *out, size_t room, const struct cli_stage *s)
{
	if (s->several)
		snprintf(out, room, "%s/%u", s->name, s->replica);
	else
		snprintf(out, room, "%s", s->name);
}

/* Ten numbers end the row, from the first on; what is left has the names. */
enum { NUMBERS = 60, NAMES_LEAST = 20, NAMES_MOST = 40 };

static unsigned names_room(const struct cli_sheet *sheet)
{
	unsigned room = sheet->width > NUMBERS ? sheet->width - NUMBERS : 0;

	if (room < NAMES_LEAST)
		return NAMES_LEAST;
	return room < NAMES_MOST ? room : NAMES_MOST;
}

static unsigned put_times(struct cli_sheet *sheet, unsigned row, unsigned end,
                          const struct cli_times *t)
{
	const uint64_t value[] = { t->p50, t->p99, t->max };
	char cell[CLI_CELL];

	for (unsigned i = 0; i < 3; i++)
		cli_sheet_right(sheet, row, end += 6, 5, CLI_PLAIN,
		                t->count ? cli_units_ns(cell, value[i]) : "-");
	return end;
}

static void put_stage(struct cli_sheet *sheet, unsigned row, const struct cli_stage *s,
                      uint64_t elapsed_ns)
{
	unsigned room = names_room(sheet), first = room * 3 / 5, end = room;
	char cell[CLI_CELL], name[128];

	stage_name(name, sizeof name, s);
	cli_sheet_text(sheet, row, 0, first, CLI_PLAIN, name);
	cli_sheet_text(sheet, row, first + 1, room - first - 1, CLI_PLAIN, s->worker);
	cli_sheet_right(sheet, row, end += 6, 5, CLI_PLAIN,
	                cli_units_rate(cell, s->packets.since, elapsed_ns));
	cli_sheet_right(sheet, row, end += 6, 5, CLI_PLAIN,
	                cli_units_rate(cell, s->bytes.since * 8, elapsed_ns));
	cli_sheet_right(sheet, row, end += 7, 6, s->dropped.since ? CLI_RED : CLI_PLAIN,
	                cli_units_rate(cell, s->dropped.since, elapsed_ns));
	cli_sheet_right(sheet, row, end += 5, 4, CLI_PLAIN,
	                cli_units_share(cell, s->busy_ns.since, elapsed_ns));
	end = put_times(sheet, row, end, &s->wait);
	put_times(sheet, row, end, &s->call);
}

/* Packets that a stage keeps, and how long each on average: those kept by those that leave. */
static unsigned put_kept(struct cli_sheet *sheet, unsigned row, const struct cli_stage *s,
                         uint64_t elapsed_ns)
{
	double each = (double)s->held * (double)elapsed_ns / (double)(s->out.since + 1);
	char cell[CLI_CELL];

	if (s->held == 0)
		return row;
	if (s->out.since > 0 && each < 1e18)
		cli_sheet_format(sheet, row, 4, CLI_BOLD,
				 "keeps %" PRIu64 " packet%s, about %s each", s->held,
				 s->held == 1 ? "" : "s", cli_units_ns(cell, (uint64_t)each));
	else
		cli_sheet_format(sheet, row, 4, CLI_BOLD,
				 "keeps %" PRIu64 " packet%s and lets none go", s->held,
				 s->held == 1 ? "" : "s");
	return row + 1;
}

/* Below its stage, in as many rows as it takes. */
static unsigned put_names(struct cli_sheet *sheet, unsigned row, const struct cli_stage *s,
                          uint64_t elapsed_ns)
{
	static const char lead[] = "    dropped:";
	unsigned col = 0, begin = sizeof lead - 1;

	for (unsigned i = 0; i < s->drops; i++) {
		const struct cli_drop *d = &s->drop[i];
		char cell[CLI_CELL], text[160];

		if (d->n.since == 0)
			continue;
		snprintf(text, sizeof text, " %s%s %s/s", d->name, d->edge ? " (edge full)" : "",
		         cli_units_rate(cell, d->n.since, elapsed_ns));
		if (col == 0)
			col = cli_sheet_text(sheet, row, 0, sheet->width, CLI_RED, lead);
		else if (col + strlen(text) + 1 > sheet->width)
			row++, col = begin;
		else
			col = cli_sheet_text(sheet, row, col, 1, CLI_RED, ",");
		col = cli_sheet_text(sheet, row, col, sheet->width, CLI_RED, text);
	}
	return col ? row + 1 : row;
}

/* Of the packets that ended at a stage, below the times of waits. */
static unsigned put_transits(struct cli_sheet *sheet, unsigned row, const struct cli_sample *s)
{
	unsigned times = names_room(sheet) + 24;

	for (unsigned i = 0; i < s->stages; i++) {
		char text[192], name[128];

		if (s->stage[i].transit.count == 0)
			continue;
		stage_name(name, sizeof name, &s->stage[i]);
		snprintf(text, sizeof text, "through the node, to %s", name);
		cli_sheet_text(sheet, row, 0, times, CLI_PLAIN, text);
		put_times(sheet, row++, times, &s->stage[i].transit);
	}
	return row;
}

static void put_title(struct cli_sheet *sheet, unsigned row, unsigned sort)
{
	unsigned room = names_room(sheet), first = room * 3 / 5;
	char title[64];

	snprintf(title, sizeof title, sort ? "stage by %s" : "stage", cli_top_sorts[sort]);
	cli_sheet_text(sheet, row, 0, sort ? room : first, CLI_DIM, title);
	if (!sort)
		cli_sheet_text(sheet, row, first + 1, room - first - 1, CLI_DIM, "worker");
	cli_sheet_format(sheet, row, room, CLI_DIM, " %5s %5s %6s %4s %5s %5s %5s %5s %5s %5s",
	                 "pkt/s", "bit/s", "drop/s", "busy", "wait", "p99", "max", "call", "p99",
	                 "max");
}

unsigned cli_top_stages(struct cli_sheet *sheet, unsigned row, const struct cli_sample *s,
                        unsigned sort)
{
	struct place *order = calloc(s->stages + 1, sizeof *order);

	put_title(sheet, row++, sort);
	for (unsigned i = 0; order && i < s->stages; i++)
		order[i] = (struct place){ key_of(&s->stage[i], sort), i, &s->stage[i], NULL };
	if (order)
		qsort(order, s->stages, sizeof *order, by_key);
	else
		sheet->failed = true;
	for (unsigned i = 0; order && i < s->stages; i++) {
		put_stage(sheet, row++, order[i].stage, s->elapsed_ns);
		row = put_kept(sheet, row, order[i].stage, s->elapsed_ns);
		row = put_names(sheet, row, order[i].stage, s->elapsed_ns);
	}
	free(order);
	return put_transits(sheet, row, s);
}

/* ---- drops alone ---- */

static void put_drop(struct cli_sheet *sheet, unsigned row, const struct place *p,
                     uint64_t elapsed_ns)
{
	enum cli_style style = p->drop->n.since ? CLI_RED : CLI_PLAIN;
	char cell[CLI_CELL], name[128];

	stage_name(name, sizeof name, p->stage);
	cli_sheet_right(sheet, row, 7, 7, style,
	                cli_units_rate(cell, p->drop->n.since, elapsed_ns));
	cli_sheet_right(sheet, row, 15, 7, style, cli_units_count(cell, (double)p->drop->n.all));
	cli_sheet_text(sheet, row, 17, 20, style, name);
	cli_sheet_format(sheet, row, 38, style, "%s%s", p->drop->name,
	                 p->drop->edge ? " (edge full or nowhere)" : "");
}

unsigned cli_top_drops(struct cli_sheet *sheet, unsigned row, const struct cli_sample *s)
{
	unsigned most = 0, n = 0;
	struct place *order;

	for (unsigned i = 0; i < s->stages; i++)
		most += s->stage[i].drops;
	order = calloc(most + 1, sizeof *order);
	if (!order) {
		sheet->failed = true;
		return row;
	}
	for (unsigned i = 0; i < s->stages; i++)
		for (unsigned k = 0; k < s->stage[i].drops; k++)
			if (s->stage[i].drop[k].n.all > 0) {
				order[n] = (struct place){ s->stage[i].drop[k].n.since, n,
					                   &s->stage[i], &s->stage[i].drop[k] };
				n++;
			}
	qsort(order, n, sizeof *order, by_key);
	cli_sheet_format(sheet, row++, 0, CLI_DIM, "%7s %7s  %-20s %s", "drop/s", "all", "stage",
	                 "dropped because");
	if (n == 0)
		cli_sheet_format(sheet, row++, 0, CLI_PLAIN,
				 "Nothing was dropped since the start.");
	for (unsigned i = 0; i < n; i++)
		put_drop(sheet, row++, &order[i], s->elapsed_ns);
	free(order);
	return row;
}
