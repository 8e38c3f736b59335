/* drawing.h - a stage graph as boxes and edges in text, with rates when there are any.
 *
 *     +- in: busy 93% held 0% idle 7% ---------------------------------+
 *     | rx                              1.27M 14.2G  93%               |
 *     |   frames                        1.27M 14.2G                    |---+
 *     |   handshakes                        0     0     0/256          |===|=+
 *     +----------------------------------------------------------------+   | |
 *     | fmp-open                        1.27M 14.2G  80%               |<--+ |
 *
 * A worker is a box, divided into its stages, in the graph's order; below a stage its outputs.  A
 * line leaves to the right of each output that leads somewhere, "=" to a ring, "-" within the
 * worker, and joins ("+") the column of the stage that it leads to; where a line crosses another's
 * column ("|") it passes below it.  What is dropped is red, by name below the stage.
 */
#ifndef MILLRACE_CLI_DRAWING_H
#define MILLRACE_CLI_DRAWING_H

#include "cli/sample.h"
#include "cli/sheet.h"

/* From `row` on.  `graph` is what mr_graph_json or /graph gives; sample NULL or without a document:
 * the graph alone, with depths.  False: that is no graph. */
bool cli_draw_graph(struct cli_sheet *sheet, unsigned row, const json_t *graph,
                    const struct cli_sample *sample);

#endif
