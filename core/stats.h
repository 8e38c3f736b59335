/* stats.h - a view of the running engine as JSON, as Prometheus text and as a line a stage.
 *
 * Shapes are documented in doc/stats.md.  Each returns malloc'd text (NULL: no memory) and looks at
 * nothing but the view: any thread that owns it.
 */
#ifndef MR_CORE_STATS_H
#define MR_CORE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/engine.h"

/* Per stage: in, out, made, taken, dropped by name, held, `balance` (0 when packets are conserved),
 * wait/service/size/transit with count, mean, p50, p90, p99, p999, max; workers; edges.  With
 * `buckets` each histogram has those of its buckets that hold a value, too. */
char *mr_stats_json(const struct mr_view *v, bool buckets, size_t *len);

/* What the forms have in common.  Packets a replica lost by name and at full edges; what its books
 * are off by, 0 when packets are conserved; an edge's rings of one lane added up (false: it has
 * none), and those of both. */
uint64_t mr_stats_dropped(const struct mr_stage_view *s);
int64_t mr_stats_balance(const struct mr_stage_view *s);
bool mr_stats_lane(const struct mr_view *v, unsigned edge, enum mr_lane lane,
                   struct mr_ring_view *sum);
bool mr_stats_edge(const struct mr_view *v, unsigned edge, struct mr_ring_view *sum);

/* What went over an edge, of all replicas of the stage before it. */
struct mr_edge_sum {
	uint64_t packets, bytes; /* handed on                             */
	uint64_t dropped;        /* packets it refused because it was full */
};
struct mr_edge_sum mr_stats_handed(const struct mr_view *v, unsigned edge);

/* Prometheus text exposition 0.0.4: HELP and TYPE once per name, base units (seconds, bytes),
 * histograms with cumulative le buckets.  A bound is 2^k - 1 of the unit counted in (nanoseconds,
 * packets): a bucket then holds whole histogram buckets, and its count is exact. */
char *mr_stats_metrics(const struct mr_view *v, size_t *len);

/* The per-stage latency table people read: one line a stage, the difference to `before` when that
 * is not NULL: a view of the same engine since it runs this graph. */
char *mr_stats_table(const struct mr_view *v, const struct mr_view *before);

/* One line of that table, for those who have the numbers from elsewhere (`millrace stats`). */
struct mr_stats_row {
	const char *name;      /* borrowed                                                  */
	unsigned    replica;
	uint64_t    in;        /* packets handed in, made and read included                 */
	uint64_t    out;       /* packets handed on, taken ones included                    */
	uint64_t    drops;     /* by any name, and by full edges                            */
	uint64_t    vectors;   /* taken in; 0: the stage reads, and has no vector mean      */
	uint64_t    vector_packets; /* in those vectors                                     */
	uint64_t    busy_ns;
	uint64_t    wait_p50, wait_p99, call_p50, call_p99;          /* ns; 0 with no value */
	uint64_t    transit_count, transit_p50, transit_p99;         /* packets, ns         */
};

/* The table.  elapsed_ns is the time the numbers were gathered in; with `rates` packets are shown
 * per second of it.  A transit count adds a line below the table. */
char *mr_stats_rows(const struct mr_stats_row *rows, unsigned n, uint64_t elapsed_ns, bool rates);

#endif
