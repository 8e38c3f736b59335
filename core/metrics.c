/* metrics - a view of the engine in the Prometheus text format 0.0.4 (doc/stats.md).
 *
 * One family after the other, each begun by its HELP and TYPE and told whole: program, workers,
 * edges, stages, histograms (metrics_hist.c), then the counters that kinds bring along
 * (metrics_kinds.c).  Numbers are whole or decimal fractions written from whole nanoseconds, so no
 * rounding and no locale comes into it.
 */
#include "core/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/prom.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

void mr_metrics_stage(FILE *f, const char *name, const struct mr_stage_view *s)
{
	fputs(name, f);
	mr_prom_label(f, "{", "stage", s->name);
	fprintf(f, ",replica=\"%u\"", s->replica);
}

/* ---- the program and its workers ---- */

static void put_program(FILE *f, const struct mr_view *v)
{
	mr_prom_family(f, "millrace_build_info", "gauge", "What is running; always 1.");
	mr_prom_label(f, "millrace_build_info{", "version", PACKAGE_VERSION);
	mr_prom_label(f, ",", "aead", v->aead ? v->aead : "");
	mr_prom_label(f, ",", "graph", v->graph->name ? v->graph->name : "");
	mr_prom_end(f, 1, MR_PROM_COUNT);
	mr_prom_family(f, "millrace_uptime_seconds", "gauge", "Time since the engine started.");
	fputs("millrace_uptime_seconds ", f);
	mr_prom_number(f, v->now_ns - v->started_ns, MR_PROM_SECONDS);
	putc('\n', f);
}

static void put_reloads(FILE *f, const struct mr_reload *r)
{
	mr_prom_family(f, "millrace_reloads_total", "counter", "Reloads, by how they ended.");
	for (unsigned i = 0; i < MR_RELOAD_RESULTS; i++) {
		mr_prom_label(f, "millrace_reloads_total{", "result", mr_reload_words[i]);
		mr_prom_end(f, r->count[i], MR_PROM_COUNT);
	}
	mr_prom_family(f, "millrace_reload_last_refused", "gauge",
	               "1 when the last reload was refused.");
	fprintf(f, "millrace_reload_last_refused %d\n", r->at && r->last == MR_RELOAD_REFUSED);
	mr_prom_family(f, "millrace_reload_last_timestamp_seconds", "gauge",
	               "When the last reload was; 0 when there was none.");
	fputs("millrace_reload_last_timestamp_seconds ", f);
	mr_prom_number(f, r->at, MR_PROM_SECONDS);
	putc('\n', f);
	mr_prom_family(f, "millrace_reload_rest_seconds", "gauge",
	               "Time no source was read in while workers were replaced, the last time.");
	fputs("millrace_reload_rest_seconds ", f);
	mr_prom_number(f, r->rest_ns, MR_PROM_SECONDS);
	putc('\n', f);
}

static void put_log(FILE *f, const struct mr_view *v)
{
	mr_prom_family(f, "millrace_log_lines_held_total", "counter",
	               "Lines of the log held back because their place said too much.");
	fprintf(f, "millrace_log_lines_held_total %" PRIu64 "\n", v->log_held);
	mr_prom_family(f, "millrace_log_lines_lost_total", "counter",
	               "Lines of the log that nobody took in time.");
	fprintf(f, "millrace_log_lines_lost_total %" PRIu64 "\n", v->log_lost);
}

static void put_workers(FILE *f, const struct mr_view *v)
{
#define AT(member) offsetof(struct mr_worker_view, member)
	static const struct {
		const char *name, *type, *help;
		size_t      at;
		bool        narrow; /* uint32_t */
		enum mr_prom_unit   unit;
	} table[] = {
		{ "millrace_worker_busy_seconds_total", "counter", "Time a worker spent in stages.",
		  AT(busy_ns), false, MR_PROM_SECONDS },
		{ "millrace_worker_held_seconds_total", "counter",
		  "Time a worker had work that full edges kept it from.",
		  AT(held_ns), false, MR_PROM_SECONDS },
		{ "millrace_worker_idle_seconds_total", "counter", "Time a worker had nothing to do.",
		  AT(idle_ns), false, MR_PROM_SECONDS },
		{ "millrace_worker_turns_total", "counter", "Passes over a worker's stages.",
		  AT(turns), false, MR_PROM_COUNT },
		{ "millrace_worker_wakes_total", "counter", "Times a worker was woken by another.",
		  AT(wakes), false, MR_PROM_COUNT },
		{ "millrace_worker_sleeps_total", "counter", "Times a worker went to sleep.",
		  AT(sleeps), false, MR_PROM_COUNT },
		{ "millrace_worker_events_lost_total", "counter",
		  "Events to control lost because its mailbox was full.", AT(events_lost), false,
		  MR_PROM_COUNT },
		{ "millrace_worker_stuck_seconds", "gauge",
		  "Time since a worker was asked for a turn that it has not completed.",
		  AT(stuck_ns), false, MR_PROM_SECONDS },
		{ "millrace_worker_pool_packets", "gauge", "Packet buffers a worker owns.",
		  AT(pool_packets), true, MR_PROM_COUNT },
		{ "millrace_worker_pool_free_packets", "gauge", "Packet buffers at home and unused.",
		  AT(pool_free), true, MR_PROM_COUNT },
	};
#undef AT

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		mr_prom_family(f, table[i].name, table[i].type, table[i].help);
		for (unsigned w = 0; w < v->workers; w++) {
			const char *at = (const char *)&v->worker[w] + table[i].at;

			fputs(table[i].name, f);
			mr_prom_label(f, "{", "worker", v->worker[w].name);
			mr_prom_end(f, table[i].narrow ? *(const uint32_t *)(const void *)at
			                              : *(const uint64_t *)(const void *)at,
			           table[i].unit);
		}
	}
}

/* ---- edges ---- */

/* ,edge="from.output->to.input", or ->nowhere for an output without an edge. */
static void put_edge(FILE *f, const char *before, const struct mr_graph *g, const char *stage,
                     const char *output, const struct mr_edge *e)
{
	char text[256];

	if (e)
		snprintf(text, sizeof text, "%s.%s->%s.%s", stage, output, g->stage[e->to].name,
		         g->stage[e->to].kind->inputs[e->input].name);
	else
		snprintf(text, sizeof text, "%s.%s->nowhere", stage, output);
	mr_prom_label(f, before, "edge", text);
}

struct edge_family {
	const char *name, *help;
	size_t      at;
};

/* One line a lane; an edge behind the numbering has none, and one line. */
static void put_lanes(FILE *f, const struct mr_view *v, const struct edge_family *family,
                      unsigned edge)
{
	const struct mr_edge *e = &v->graph->edge[edge];
	const struct mr_stage *from = &v->graph->stage[e->from];

	for (enum mr_lane lane = 0; lane < MR_LANES; lane++) {
		struct mr_ring_view sum;

		if (!mr_stats_lane(v, edge, lane, &sum))
			continue;
		fputs(family->name, f);
		put_edge(f, "{", v->graph, from->name, from->kind->outputs[e->output].name, e);
		if (e->lanes)
			mr_prom_label(f, ",", "lane", mr_lane_words[lane]);
		mr_prom_end(f, *(const uint32_t *)(const void *)((const char *)&sum + family->at),
		            MR_PROM_COUNT);
	}
}

static void put_edges(FILE *f, const struct mr_view *v)
{
	static const struct edge_family table[] = {
		{ "millrace_edge_depth_packets", "Packets an edge's rings hold at most.",
		  offsetof(struct mr_ring_view, depth) },
		{ "millrace_edge_queued_packets", "Packets in an edge's rings now.",
		  offsetof(struct mr_ring_view, queued) },
		{ "millrace_edge_high_water_packets", "Most packets ever in an edge's rings.",
		  offsetof(struct mr_ring_view, high_water) },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		mr_prom_family(f, table[i].name, "gauge", table[i].help);
		for (unsigned n = 0; n < v->graph->edges; n++)
			put_lanes(f, v, &table[i], n);
	}
}

/* The edge at an output of the stage of this name. */
static const struct mr_edge *edge_at(const struct mr_graph *g, const char *stage, unsigned output)
{
	for (unsigned i = 0; i < g->edges; i++)
		if (g->edge[i].output == output &&
		    strcmp(g->stage[g->edge[i].from].name, stage) == 0)
			return &g->edge[i];
	return NULL;
}

/* ---- stages ---- */

static void put_words(FILE *f, const struct mr_view *v)
{
	static const struct {
		const char  *name, *type, *help;
		enum mr_word word;
		enum mr_prom_unit    unit;
	} table[] = {
		{ "millrace_stage_in_packets_total", "counter", "Packets handed to a stage.",
		  MR_W_IN, MR_PROM_COUNT },
		{ "millrace_stage_in_bytes_total", "counter", "Bytes handed to a stage.",
		  MR_W_IN_BYTES, MR_PROM_COUNT },
		{ "millrace_stage_out_packets_total", "counter", "Packets handed on by an edge.",
		  MR_W_OUT, MR_PROM_COUNT },
		{ "millrace_stage_out_bytes_total", "counter", "Bytes handed on by an edge.",
		  MR_W_OUT_BYTES, MR_PROM_COUNT },
		{ "millrace_stage_made_packets_total", "counter",
		  "Packets a stage read from a descriptor or made.", MR_W_MADE, MR_PROM_COUNT },
		{ "millrace_stage_taken_packets_total", "counter",
		  "Packets that left the node or ended here in good order.",
		  MR_W_TAKEN, MR_PROM_COUNT },
		{ "millrace_stage_taken_bytes_total", "counter", "Bytes of those packets.",
		  MR_W_TAKEN_BYTES, MR_PROM_COUNT },
		{ "millrace_stage_held_packets", "gauge", "Packets a stage keeps now.", MR_W_HELD,
		  MR_PROM_COUNT },
		{ "millrace_stage_vectors_total", "counter", "Vectors taken in.", MR_W_VECTORS,
		  MR_PROM_COUNT },
		{ "millrace_stage_calls_total", "counter", "Calls of a stage.",
		  MR_W_CALLS, MR_PROM_COUNT },
		{ "millrace_stage_busy_seconds_total", "counter", "Time spent in a stage's calls.",
		  MR_W_BUSY_NS, MR_PROM_SECONDS },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		mr_prom_family(f, table[i].name, table[i].type, table[i].help);
		for (unsigned s = 0; s < v->stages; s++) {
			mr_metrics_stage(f, table[i].name, &v->stage[s]);
			mr_prom_end(f, v->stage[s].word[table[i].word], table[i].unit);
		}
	}
}

static void put_stage_info(FILE *f, const struct mr_view *v)
{
	mr_prom_family(f, "millrace_stage_info", "gauge", "Kind and worker of a stage; always 1.");
	for (unsigned i = 0; i < v->stages; i++) {
		mr_metrics_stage(f, "millrace_stage_info", &v->stage[i]);
		mr_prom_label(f, ",", "kind", v->stage[i].kind->name);
		mr_prom_label(f, ",", "worker", v->worker[v->stage[i].worker].name);
		mr_prom_end(f, 1, MR_PROM_COUNT);
	}
	mr_prom_family(f, "millrace_stage_balance_packets", "gauge",
	       "in + made - out - taken - dropped - held; anything but 0 is a fault.");
	for (unsigned i = 0; i < v->stages; i++) {
		mr_metrics_stage(f, "millrace_stage_balance_packets", &v->stage[i]);
		fprintf(f, "} %" PRId64 "\n", mr_stats_balance(&v->stage[i]));
	}
}

/* ,edge= of an output, for families that count for each replica. */
static void put_output(FILE *f, const char *family, const struct mr_view *v,
                       const struct mr_stage_view *s, unsigned output)
{
	mr_metrics_stage(f, family, s);
	put_edge(f, ",", v->graph, s->name, s->kind->outputs[output].name,
	         edge_at(v->graph, s->name, output));
}

static void put_handed(FILE *f, const struct mr_view *v)
{
	static const struct {
		const char *name, *help;
	} table[] = {
		{ "millrace_edge_packets_total", "Packets handed on by an edge." },
		{ "millrace_edge_bytes_total", "Bytes handed on by an edge." },
	};

	for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
		mr_prom_family(f, table[i].name, "counter", table[i].help);
		for (unsigned n = 0; n < v->stages; n++) {
			const struct mr_port *out = v->stage[n].kind->outputs;

			for (unsigned o = 0; out && out[o].name; o++) {
				put_output(f, table[i].name, v, &v->stage[n], o);
				mr_prom_end(f, v->stage[n].handed[2 * o + i], MR_PROM_COUNT);
			}
		}
	}
}

static void put_drops(FILE *f, const struct mr_view *v)
{
	mr_prom_family(f, "millrace_stage_drops_total", "counter", "Packets a stage dropped, by reason.");
	for (unsigned i = 0; i < v->stages; i++) {
		const struct mr_named *drop = v->stage[i].kind->drops;

		for (unsigned n = 0; drop && drop[n].name; n++) {
			mr_metrics_stage(f, "millrace_stage_drops_total", &v->stage[i]);
			mr_prom_label(f, ",", "drop", drop[n].name);
			mr_prom_end(f, v->stage[i].drop[n], MR_PROM_COUNT);
		}
		if (!v->stage[i].kind->inputs || !v->stage[i].kind->inputs[0].name)
			continue;
		mr_metrics_stage(f, "millrace_stage_drops_total", &v->stage[i]);
		mr_prom_label(f, ",", "drop", "sojourn");
		mr_prom_end(f, v->stage[i].word[MR_W_SOJOURN], MR_PROM_COUNT);
	}
	mr_prom_family(f, "millrace_edge_drops_total", "counter",
	       "Packets dropped because an edge was full or led nowhere.");
	for (unsigned i = 0; i < v->stages; i++) {
		const struct mr_stage_view *s = &v->stage[i];
		const struct mr_port *out = s->kind->outputs;

		for (unsigned n = 0; out && out[n].name; n++) {
			put_output(f, "millrace_edge_drops_total", v, s, n);
			mr_prom_end(f, s->edge[n], MR_PROM_COUNT);
		}
	}
}

char *mr_stats_metrics(const struct mr_view *v, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	bool bad;

	*len = 0;
	if (!f)
		return NULL;
	put_program(f, v);
	put_reloads(f, &v->reload);
	put_log(f, v);
	put_workers(f, v);
	put_edges(f, v);
	put_stage_info(f, v);
	put_words(f, v);
	put_handed(f, v);
	put_drops(f, v);
	mr_metrics_hists(f, v);
	mr_metrics_counters(f, v);
	bad = ferror(f) != 0;
	if (fclose(f) != 0 || bad) {
		free(text);
		*len = 0;
		return NULL;
	}
	return text;
}
