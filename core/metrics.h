/* metrics.h - what the files that write /metrics share (mr_stats_metrics, stats.h).
 *
 * Each writes families of its own, one whole after the other; a sample carries the stage and the
 * replica that counted.  For metrics*.c only; what is written is seen at fclose, so nothing returns
 * an error.
 */
#ifndef MR_CORE_METRICS_H
#define MR_CORE_METRICS_H

#include <stdio.h>

#include "core/prom.h"
#include "core/stats.h"

/* A sample's name and the labels of a stage, left open for more. */
void mr_metrics_stage(FILE *f, const char *name, const struct mr_stage_view *s);

/* All histograms of all stages; metrics_hist.c. */
void mr_metrics_hists(FILE *f, const struct mr_view *v);

/* The counters that kinds bring along; metrics_kinds.c. */
void mr_metrics_counters(FILE *f, const struct mr_view *v);

#endif
