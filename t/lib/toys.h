/* toys.h - stage kinds for tests of graphs: ports and settings, and no code behind them.
 *
 *   source   makes packets                    outputs a, b (optional)
 *   filter   in and side (optional) to out; side to extra (optional) alone
 *   cross    x to p, y to q: two ways through one stage
 *   number   in to out, numbered from there on
 *   send     frames are numbered, raw (optional) is not; once; affinity peer or flow
 *   host     the host; msg (optional) in, order (optional) out
 */
#ifndef MR_T_TOYS_H
#define MR_T_TOYS_H

#include "core/stage.h"

struct toy {
	uint32_t batch; /* source */
	char    *label; /* source */
};

extern const struct mr_kind *const toys[]; /* NULL-terminated */

/* A section of the node file, "toy": source and filter use it. */
extern const struct mr_section toy_sections[];

#endif
