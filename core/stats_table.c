/* stats_table - the table people read: one line a stage.
 *
 *     stage          in/s   out/s  drop/s  vector  wait p50     p99  call p50     p99  ns/pkt  busy
 *
 * First a view becomes rows (here) or the JSON of /stats does (cli/stats.c), then rows become text.
 */
#include "core/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

/* ---- rows to text ---- */

#define CELL 32

/* Four digits and a letter: "812", "45.3k", "1.27M". */
static void show_count(char out[CELL], uint64_t n)
{
	static const char letter[] = " kMGTPE";
	unsigned power = 0;
	uint64_t milli = 0; /* thousandths of what is shown */

	while (n >= 1000) {
		milli = n % 1000;
		n /= 1000;
		power++;
	}
	if (power == 0)
		snprintf(out, CELL, "%" PRIu64, n);
	else if (n < 10)
		snprintf(out, CELL, "%" PRIu64 ".%02u%c", n, (unsigned)(milli / 10), letter[power]);
	else
		snprintf(out, CELL, "%" PRIu64 ".%u%c", n, (unsigned)(milli / 100), letter[power]);
}

/* "-" for nothing measured, else three digits and a unit: "640ns", "12.8us", "3.1ms", "2.0s". */
static void show_ns(char out[CELL], uint64_t ns)
{
	static const struct {
		uint64_t    ns;
		const char *unit;
	} table[] = { { MR_NS_PER_S, "s" }, { MR_NS_PER_MS, "ms" }, { MR_NS_PER_US, "us" } };

	if (ns == 0) {
		snprintf(out, CELL, "-");
		return;
	}
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (ns < table[i].ns)
			continue;
		snprintf(out, CELL, "%" PRIu64 ".%u%s", ns / table[i].ns,
		         (unsigned)(ns % table[i].ns / (table[i].ns / 10)), table[i].unit);
		return;
	}
	snprintf(out, CELL, "%" PRIu64 "ns", ns);
}

/* One decimal of a quotient; "-" when there is nothing to divide by. */
static void show_ratio(char out[CELL], uint64_t a, uint64_t b, const char *unit)
{
	uint64_t tenths = b ? (uint64_t)((double)a * 10 / (double)b + 0.5) : 0;

	if (b == 0)
		snprintf(out, CELL, "-");
	else
		snprintf(out, CELL, "%" PRIu64 ".%u%s", tenths / 10, (unsigned)(tenths % 10), unit);
}

static uint64_t per_second(uint64_t n, uint64_t elapsed_ns)
{
	return elapsed_ns ? (uint64_t)((double)n * 1e9 / (double)elapsed_ns + 0.5) : 0;
}

/* Name and, where a stage has several, the replica. */
static void show_name(char *out, size_t room, const struct mr_stats_row *rows, unsigned n,
                      unsigned i)
{
	bool several = rows[i].replica > 0 ||
	               (i + 1 < n && strcmp(rows[i].name, rows[i + 1].name) == 0);

	if (several)
		snprintf(out, room, "%s/%u", rows[i].name, rows[i].replica);
	else
		snprintf(out, room, "%s", rows[i].name);
}

static void put_row(FILE *f, const struct mr_stats_row *r, const char *name, uint64_t elapsed_ns,
                    bool rates)
{
	const uint64_t counts[] = { r->in, r->out, r->drops };
	const uint64_t times[] = { r->wait_p50, r->wait_p99, r->call_p50, r->call_p99 };
	char cell[CELL];

	fprintf(f, "%-14s", name);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		show_count(cell, rates ? per_second(counts[i], elapsed_ns) : counts[i]);
		fprintf(f, " %7s", cell);
	}
	show_ratio(cell, r->vector_packets, r->vectors, "");
	fprintf(f, " %6s ", cell);
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		show_ns(cell, times[i]);
		fprintf(f, " %8s", cell);
	}
	show_ratio(cell, r->busy_ns, r->in, "");
	fprintf(f, " %8s", cell);
	show_ratio(cell, r->busy_ns * 100, elapsed_ns, "%");
	fprintf(f, " %6s\n", cell);
}

static void put_transit(FILE *f, const struct mr_stats_row *r)
{
	char p50[CELL], p99[CELL];

	show_ns(p50, r->transit_p50);
	show_ns(p99, r->transit_p99);
	fprintf(f, "through the node to %s: p50 %s, p99 %s\n", r->name, p50, p99);
}

char *mr_stats_rows(const struct mr_stats_row *rows, unsigned n, uint64_t elapsed_ns, bool rates)
{
	char *text = NULL, name[64];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fprintf(f, "%-14s %7s %7s %7s %6s  %8s %8s %8s %8s %8s %6s\n", "stage",
	        rates ? "in/s" : "in", rates ? "out/s" : "out", rates ? "drop/s" : "drops", "vector",
	        "wait p50", "p99", "call p50", "p99", "ns/pkt", "busy");
	for (unsigned i = 0; i < n; i++) {
		show_name(name, sizeof name, rows, n, i);
		put_row(f, &rows[i], name, elapsed_ns, rates);
	}
	for (unsigned i = 0; i < n; i++)
		if (rows[i].transit_count > 0)
			put_transit(f, &rows[i]);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- a view to rows ---- */

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void quantiles(const struct mr_hist_view *now, const struct mr_hist_view *before,
                      uint64_t *count, uint64_t *p50, uint64_t *p99)
{
	struct mr_hist_view h = { .count = 0 };

	if (now)
		mr_hist_since(&h, now, before);
	*count = h.count;
	*p50 = mr_hist_quantile(&h, 0.5);
	*p99 = mr_hist_quantile(&h, 0.99);
}

/* b is the same replica earlier, or all zeros. */
static struct mr_stats_row row_of(const struct mr_stage_view *s, const struct mr_stage_view *b,
                                  uint64_t dropped_before)
{
	uint64_t word[MR_WORDS], count;
	struct mr_stats_row r = { .name = s->name, .replica = s->replica };

	for (unsigned i = 0; i < MR_WORDS; i++)
		word[i] = since(s->word[i], b->word[i]);
	r.in = word[MR_W_IN] + word[MR_W_MADE];
	r.out = word[MR_W_OUT] + word[MR_W_TAKEN];
	r.drops = since(mr_stats_dropped(s), dropped_before);
	r.vectors = word[MR_W_VECTORS];
	r.vector_packets = word[MR_W_IN];
	r.busy_ns = word[MR_W_BUSY_NS];
	quantiles(s->wait, b->wait, &count, &r.wait_p50, &r.wait_p99);
	quantiles(s->service, b->service, &count, &r.call_p50, &r.call_p99);
	quantiles(s->transit, b->transit, &r.transit_count, &r.transit_p50, &r.transit_p99);
	return r;
}

char *mr_stats_table(const struct mr_view *v, const struct mr_view *before)
{
	struct mr_stats_row *rows = calloc(v->stages ? v->stages : 1, sizeof *rows);
	static const struct mr_stage_view nothing;
	uint64_t from = before ? before->now_ns : v->started_ns;
	char *text;

	if (!rows)
		return NULL;
	for (unsigned i = 0; i < v->stages; i++) {
		const struct mr_stage_view *b = before ? &before->stage[i] : &nothing;

		rows[i] = row_of(&v->stage[i], b, before ? mr_stats_dropped(b) : 0);
	}
	text = mr_stats_rows(rows, v->stages, v->now_ns - from, before != NULL);
	free(rows);
	return text;
}
