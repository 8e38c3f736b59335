/* top_draw - head, workers, rings, peers; stages are in top_stages.c. */
#include "cli/top.h"

#include <inttypes.h>
#include <string.h>

#include "cli/units.h"
#include "core/clock.h"

/* ---- the head ---- */

static uint64_t dropped_since(const struct cli_sample *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->stages; i++)
		n += s->stage[i].dropped.since;
	return n;
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static bool is_down(const json_t *peer)
{
	const char *state = text(peer, "state");

	return json_is_true(json_object_get(peer, "configured")) && strcmp(state, "up") != 0 &&
	       strcmp(state, "behind") != 0;
}

/* "3 peers up, 1 down, 4 sessions": of /peers, when that is the second page. */
static unsigned put_peers(struct cli_sheet *sheet, unsigned row, const json_t *more)
{
	const json_t *peers = json_object_get(more, "peers"), *item;
	unsigned up = 0, down = 0, sessions = 0, col;
	size_t i;

	if (!json_is_array(peers))
		return 0;
	json_array_foreach(peers, i, item) {
		up += strcmp(text(item, "state"), "up") == 0;
		down += is_down(item);
	}
	json_array_foreach(json_object_get(more, "sessions"), i, item)
		sessions += strcmp(text(item, "state"), "established") == 0;
	col = cli_sheet_format(sheet, row, 0, CLI_PLAIN, "%u %s up", up,
			       up == 1 ? "peer" : "peers");
	if (down > 0)
		col = cli_sheet_format(sheet, row, col, CLI_RED, ", %u down", down);
	return cli_sheet_format(sheet, row, col, CLI_PLAIN, ", %u %s  ", sessions,
	                        sessions == 1 ? "session" : "sessions");
}

/* What is wrong, or that nothing is. */
static void put_state(struct cli_sheet *sheet, unsigned row, const struct cli_news *news)
{
	const struct cli_sample *s = &news->sample;
	uint64_t dropped = dropped_since(s);
	char cell[CLI_CELL];
	unsigned col;

	if (news->gone[0]) {
		cli_sheet_format(sheet, row, 0, CLI_RED, "GONE for %s: %s",
		                 cli_units_span(cell, news->gone_s), news->gone);
		return;
	}
	col = put_peers(sheet, row, news->more);
	cli_units_rate(cell, dropped, s->elapsed_ns);
	col = cli_sheet_format(sheet, row, col, dropped ? CLI_RED : CLI_PLAIN, "dropped %s/s  ",
			       cell);
	if (news->restarts > 0)
		col = cli_sheet_format(sheet, row, col, CLI_RED, "restarted %s ago  ",
		                       cli_units_span(cell, s->uptime_ns / MR_NS_PER_S));
	if (s->conserved)
		cli_sheet_format(sheet, row, col, CLI_PLAIN, "every packet accounted for");
	else
		cli_sheet_format(sheet, row, col, CLI_RED,
				 "PACKETS MISSING: see balance in /stats");
}

void cli_top_head(struct cli_sheet *sheet, const struct cli_news *news, const struct cli_look *look)
{
	const struct cli_sample *s = &news->sample;
	char cell[CLI_CELL], how[64];

	cli_sheet_format(sheet, 0, 0, CLI_BOLD,
	                 "millrace %s  graph %s  aead %s  pid %" PRIu64 "  up %s", s->version,
	                 s->graph, s->aead, s->pid,
	                 cli_units_span(cell, s->uptime_ns / MR_NS_PER_S));
	if (look->paused)
		snprintf(how, sizeof how, " PAUSED");
	else if (s->whole)
		snprintf(how, sizeof how, " since the start");
	else
		snprintf(how, sizeof how, " in %.1fs", (double)s->elapsed_ns / 1e9);
	cli_sheet_right(sheet, 0, sheet->width, sheet->width, look->paused ? CLI_REVERSE : CLI_BOLD,
	                how);
	put_state(sheet, 1, news);
	sheet->head = 2;
}

/* ---- workers ---- */

static unsigned put_workers(struct cli_sheet *sheet, unsigned row, const struct cli_sample *s)
{
	cli_sheet_format(sheet, row++, 0, CLI_DIM, "%-26s %5s %5s %5s %15s %12s", "worker", "busy",
	                 "held", "idle", "buffers free", "events lost");
	for (unsigned i = 0; i < s->workers; i++, row++) {
		const struct cli_worker *w = &s->worker[i];
		uint64_t all = w->busy_ns.since + w->held_ns.since + w->idle_ns.since;
		bool full = all && w->busy_ns.since >= all / 100 * 99;
		bool kept = all && w->held_ns.since >= all / 10;
		char busy[CLI_CELL], held[CLI_CELL], idle[CLI_CELL], free_of[48];

		cli_units_share(busy, w->busy_ns.since, all);
		cli_units_share(held, w->held_ns.since, all);
		cli_units_share(idle, w->idle_ns.since, all);
		snprintf(free_of, sizeof free_of, "%" PRIu64 "/%" PRIu64, w->pool_free, w->pool);
		cli_sheet_text(sheet, row, 0, 26, CLI_PLAIN, w->name);
		cli_sheet_right(sheet, row, 32, 5, full ? CLI_RED : CLI_PLAIN, busy);
		cli_sheet_right(sheet, row, 38, 5, kept ? CLI_RED : CLI_PLAIN, held);
		cli_sheet_right(sheet, row, 44, 5, CLI_PLAIN, idle);
		if (w->pool)
			cli_sheet_right(sheet, row, 60, 15, w->pool_free ? CLI_PLAIN : CLI_RED,
			                free_of);
		snprintf(free_of, sizeof free_of, "%" PRIu64, w->lost.all);
		cli_sheet_right(sheet, row, 73, 12, w->lost.since ? CLI_RED : CLI_PLAIN, free_of);
	}
	return row;
}

/* ---- rings ---- */

/* "rx.frames > fmp-open", with the input when it is called otherwise. */
static void edge_name(char *out, size_t room, const struct cli_edge *e)
{
	const char *output = strrchr(e->from, '.'), *input = strrchr(e->to, '.');
	int shown = (int)strlen(e->to);

	if (output && input && strcmp(output, input) == 0)
		shown = (int)(input - e->to);
	snprintf(out, room, "%s > %.*s", e->from, shown, e->to);
}

static unsigned put_rings(struct cli_sheet *sheet, unsigned row, const struct cli_sample *s)
{
	unsigned name = sheet->width > 80 ? sheet->width - 42 : 38, end;

	if (name > 56)
		name = 56;
	cli_sheet_text(sheet, row, 0, name, CLI_DIM, "ring");
	cli_sheet_format(sheet, row++, name, CLI_DIM, " %7s %6s %6s %6s %5s %6s", "queued", "depth",
	                 "high", "pkt/s", "bit/s", "drop/s");
	for (unsigned i = 0; i < s->edges; i++) {
		const struct cli_edge *e = &s->edge[i];
		bool full = e->queued > 0 && e->queued >= e->depth - e->depth / 10;
		char cell[CLI_CELL], names[256];

		if (!e->ring)
			continue;
		edge_name(names, sizeof names, e);
		end = name + 8;
		cli_sheet_text(sheet, row, 0, name, CLI_PLAIN, names);
		snprintf(cell, sizeof cell, "%" PRIu64, e->queued);
		cli_sheet_right(sheet, row, end, 7, full ? CLI_RED : CLI_PLAIN, cell);
		snprintf(cell, sizeof cell, "%" PRIu64, e->depth);
		cli_sheet_right(sheet, row, end += 7, 6, CLI_PLAIN, cell);
		snprintf(cell, sizeof cell, "%" PRIu64, e->high_water);
		cli_sheet_right(sheet, row, end += 7, 6, CLI_PLAIN, cell);
		cli_sheet_right(sheet, row, end += 7, 6, CLI_PLAIN,
		                cli_units_rate(cell, e->packets.since, s->elapsed_ns));
		cli_sheet_right(sheet, row, end += 6, 5, CLI_PLAIN,
		                cli_units_rate(cell, e->bytes.since * 8, s->elapsed_ns));
		cli_sheet_right(sheet, row, end + 7, 6, e->dropped.since ? CLI_RED : CLI_PLAIN,
		                cli_units_rate(cell, e->dropped.since, s->elapsed_ns));
		row++;
	}
	return row;
}

/* ---- peers ---- */

static uint64_t whole_number(const json_t *object, const char *key)
{
	double s = json_number_value(json_object_get(object, key));

	return s > 0 && s < 1e12 ? (uint64_t)s : 0;
}

static void put_peer(struct cli_sheet *sheet, unsigned row, const json_t *peer)
{
	const json_t *metrics = json_object_get(peer, "metrics");
	const char *alias = text(peer, "alias"), *name = *alias ? alias : text(peer, "name");
	bool down = is_down(peer), up = json_object_get(peer, "up_s") != NULL;
	json_int_t rtt = json_integer_value(json_object_get(metrics, "srtt_us"));
	double loss = json_number_value(json_object_get(metrics, "loss"));
	enum cli_style style = down ? CLI_RED : CLI_PLAIN;
	char cell[CLI_CELL];

	cli_sheet_text(sheet, row, 0, 24, style, *name ? name : text(peer, "npub"));
	cli_sheet_text(sheet, row, 26, 12, style, text(peer, "state"));
	if (!up) {
		if (json_object_get(peer, "retry_in_s"))
			cli_sheet_format(sheet, row, 39, style,
					 "tried %" PRIu64 " times, again in %s",
					 whole_number(peer, "retries"),
					 cli_units_span(cell, whole_number(peer, "retry_in_s")));
		return;
	}
	cli_sheet_right(sheet, row, 45, 7, style, cli_units_span(cell, whole_number(peer, "up_s")));
	cli_sheet_right(sheet, row, 51, 5, style,
	                rtt > 0 ? cli_units_ns(cell, (uint64_t)rtt * 1000) : "-");
	snprintf(cell, sizeof cell, "%.1f%%", loss > 0 && loss <= 1 ? loss * 100 : 0);
	cli_sheet_right(sheet, row, 58, 6, loss > 0 ? CLI_RED : style, cell);
	cli_sheet_text(sheet, row, 60, sheet->width, style, text(peer, "via"));
}

static unsigned put_peer_list(struct cli_sheet *sheet, unsigned row, const json_t *more)
{
	const json_t *peers = json_object_get(more, "peers"), *peer;
	size_t i;

	if (!json_is_array(peers))
		return row;
	cli_sheet_format(sheet, row++, 0, CLI_DIM, "%-26s%-12s%7s %5s %6s  %s", "peer", "state",
			 "up", "rtt", "loss", "by way of");
	json_array_foreach(peers, i, peer)
		put_peer(sheet, row++, peer);
	return row;
}

/* ---- all of it ---- */

void cli_top_draw(struct cli_sheet *sheet, const struct cli_news *news, const struct cli_look *look)
{
	const struct cli_sample *s = &news->sample;
	unsigned row;

	cli_top_head(sheet, news, look);
	row = sheet->head;
	if (look->drops) {
		cli_top_drops(sheet, row, s);
		return;
	}
	row = put_workers(sheet, row, s);
	row = cli_top_stages(sheet, row, s, look->sort);
	row = put_rings(sheet, row, s);
	put_peer_list(sheet, row, news->more);
}
