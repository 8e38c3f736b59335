/* flow.h - one flow through the stages that seal, or open, by real threads and as fast as they can.
 *
 *   source, fsp-number, fmp-number -> seal, seal ... -> end  dealt out to so many threads
 *   source, fsp-seal, fmp-seal     ->                   end  0 threads: sealed where it is numbered
 *   source                         -> open, open ... -> end  frames that were sealed before
 *
 * Each box is a worker.  The end looks at the counter of every frame: order is whether they follow
 * one another.
 */
#ifndef T_LIB_FLOW_H
#define T_LIB_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/aead.h"

#define FLOW_THREADS 8

struct flow {
	/* asked for */
	const struct mr_aead *aead;
	unsigned threads;     /* [0, FLOW_THREADS]; opening: at least 1                     */
	uint32_t bytes;       /* of an IPv6 packet, [48, 1300]                              */
	uint64_t packets;
	unsigned most;        /* packets of a vector vary from 1 to so many; 0: all are full */
	bool     opening;
	/* what happened */
	uint64_t arrived;     /* at the end                                                 */
	uint64_t disorder;    /* whose counter was not the next                             */
	uint64_t wrong;       /* whose bytes are not what they should be, of those looked at */
	uint64_t ns;          /* from the first that arrived to the last                    */
	uint64_t lost;        /* packets that did not come home when all was closed         */
};

/* Fails the test when the graph does not open; returns when all have arrived, or after a minute. */
void flow_run(struct flow *f);

#endif
