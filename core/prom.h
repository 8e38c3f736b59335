/* prom.h - the Prometheus text format 0.0.4, written piece by piece.
 *
 *     # HELP millrace_stage_drops_total Packets a stage dropped, by reason.
 *     # TYPE millrace_stage_drops_total counter
 *     millrace_stage_drops_total{stage="rx",replica="0",drop="runt"} 7
 *
 * A family is begun once and told whole; a sample is its name, its labels, then mr_prom_end.  Times
 * come as whole nanoseconds and are written as exact decimal seconds: no rounding, no locale.  Any
 * thread that owns f, whose error mark says what could not be written.
 */
#ifndef MR_CORE_PROM_H
#define MR_CORE_PROM_H

#include <stdint.h>
#include <stdio.h>

enum mr_prom_unit { MR_PROM_COUNT, MR_PROM_SECONDS }; /* as it is; nanoseconds shown as seconds */

/* HELP and TYPE; type is "counter", "gauge" or "histogram". */
void mr_prom_family(FILE *f, const char *name, const char *type, const char *help);

/* name="value", escaped, after `before`: "{" or ",". */
void mr_prom_label(FILE *f, const char *before, const char *name, const char *value);

/* A bare number. */
void mr_prom_number(FILE *f, uint64_t n, enum mr_prom_unit unit);

/* Close the labels, write the value, end the line. */
void mr_prom_end(FILE *f, uint64_t n, enum mr_prom_unit unit);

#endif
