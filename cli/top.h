/* top.h - what `millrace top` draws, from the top down (a pure function of what is known).
 *
 *     millrace 0.1.0  graph two-core  aead lanes  pid 4711  up 2h03m                     every 1s
 *     3 peers up, 1 down  4 sessions  dropped 12/s  every packet accounted for
 *     worker                     busy  held  idle    buffers free  events lost
 *     stage        worker   pkt/s bit/s drop/s busy   wait   p99   max   call   p99   max
 *         dropped: replayed 12/s                                       (red)
 *     through the node, to tun-write                 12u   80u  1.2m
 *     ring                                    queued  depth   high pkt/s bit/s drop/s
 *     peer                     state          up   rtt   loss  by way of
 */
#ifndef MILLRACE_CLI_TOP_H
#define MILLRACE_CLI_TOP_H

#include "cli/watch.h"

/* By what stages are sorted; "graph" is the graph's own order. */
enum cli_top_sort {
	CLI_TOP_GRAPH, CLI_TOP_PACKETS, CLI_TOP_DROPS, CLI_TOP_BUSY, CLI_TOP_WAIT, CLI_TOP_CALL,
};
extern const char *const cli_top_sorts[]; /* NULL-terminated */

void cli_top_draw(struct cli_sheet *sheet, const struct cli_news *news,
                  const struct cli_look *look);

/* ---- its parts; each draws from row on and returns the row behind (top_stages.c) ---- */

unsigned cli_top_stages(struct cli_sheet *sheet, unsigned row, const struct cli_sample *s,
                        unsigned sort);

/* Every name that something was dropped by since the start, most in this time first. */
unsigned cli_top_drops(struct cli_sheet *sheet, unsigned row, const struct cli_sample *s);

/* First two rows of any view of a node: who it is, and whether what is shown can be believed. */
void cli_top_head(struct cli_sheet *sheet, const struct cli_news *news,
                  const struct cli_look *look);

#endif
