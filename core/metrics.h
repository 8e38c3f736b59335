/* metrics.h - what the files that write /metrics share (mr_stats_metrics, stats.h). */
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
