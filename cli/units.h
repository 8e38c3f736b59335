/* units.h - numbers in at most five places, for tables.
 *
 *     0  0.2  7  812  1.27k  45.3k  812k  1.27M         counts, packets/s, bits/s
 *     -  640n  1.28u  12.8u  128u  3.10m  2.05s         times of nanoseconds
 *
 * What happened is never shown as 0: a rate below 0.1 is 0.1.
 */
#ifndef MILLRACE_CLI_UNITS_H
#define MILLRACE_CLI_UNITS_H

#include <stdint.h>

#define CLI_CELL 32 /* bytes any of these needs */

/* Each writes to out and returns it. */
const char *cli_units_count(char out[CLI_CELL], double n);

/* n in a time of so many ns, per second; "-" without a time. */
const char *cli_units_rate(char out[CLI_CELL], uint64_t n, uint64_t elapsed_ns);

const char *cli_units_ns(char out[CLI_CELL], uint64_t ns);

/* Per cent; "-" of nothing. */
const char *cli_units_share(char out[CLI_CELL], uint64_t part, uint64_t whole);

/* A time that people wait: "12s", "3m12s", "2h03m", "5d04h". */
const char *cli_units_span(char out[CLI_CELL], uint64_t seconds);

#endif
