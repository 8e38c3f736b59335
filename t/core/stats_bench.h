/* stats_bench.h - a made-up view of a running engine, for the tests of its three forms:
 *
 *     src -> dst over a ring, src.other leads nowhere, dst loops to itself inline
 */
#ifndef T_CORE_STATS_BENCH_H
#define T_CORE_STATS_BENCH_H

#include <check.h>
#include <stdint.h>

#include "core/stats.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* A name no graph allows, to see it escaped. */
#define ODD "d\"s\\t\n"

struct made {
	struct mr_graph       graph;
	struct mr_stage_view  stage[2];
	struct mr_worker_view worker[2];
	struct mr_ring_view   ring[3];
	struct mr_hist_view   wait, service, size, transit;
	struct mr_view        view;
};

/* The view, its numbers different from each other; to be freed by the caller. */
struct made *make(void);

/* A histogram sees the value v so many times. */
void add(struct mr_hist_view *view, uint64_t v, uint64_t n);

/* The test's part about the Prometheus text. */
TCase *stats_metrics(void);

#endif
